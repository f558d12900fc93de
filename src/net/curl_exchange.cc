#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/check.h"
#include "net/curl_exchange_internal.h"

namespace lc2::net {

namespace {

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;

Error BadUrl(const char* why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "net.url",
               .message = fmt::format("a URL cannot be used: {}", why),
               .hint = "write it as https://HOST/PATH, without user name and password"};
}

// A line break in a header would begin another one.
bool IsOneLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

struct UrlHandle {
  CURLU* url = curl_url();
  ~UrlHandle() { curl_url_cleanup(url); }
};

// Empty where the URL has no such part.
std::string PartOf(const UrlHandle& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

// Child programs are not to hold our connections open.
curl_socket_t OpenSocket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsCertificateProblem(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::string> OriginOf(const std::string& text) {
  const UrlHandle url;
  LC2_CHECK(url.url != nullptr);
  if (curl_url_set(url.url, CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
    return BadUrl("it cannot be read, or names a user");
  }
  const std::string scheme = PartOf(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return BadUrl("its scheme is not http or https");
  return fmt::format("{}://{}:{}", scheme, PartOf(url, CURLUPART_HOST),
                     PartOf(url, CURLUPART_PORT, CURLU_DEFAULT_PORT));
}

CurlExchange::CurlExchange(const Context& ctx, HttpRequest request, const ExchangeLimits& limits,
                           Transport::Completion done)
    : ctx_(ctx), request_(std::move(request)), limits_(limits), done_(std::move(done)) {}

CurlExchange::~CurlExchange() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(header_list_);
}

template <class Value>
void CurlExchange::Set(CURLoption option, Value value) {
  LC2_CHECK(curl_easy_setopt(easy_, option, value) == CURLE_OK);
}

Result<void> CurlExchange::Prepare(const HttpTransportOptions& options) {
  LC2_ASSIGN_OR_RETURN(origin_, OriginOf(request_.url));
  for (const HttpHeader& header : request_.headers) {
    if (IsOneLine(header.name) && IsOneLine(header.value)) continue;
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "net.header",
                 .message = fmt::format("a header for '{}' has a line break in it", origin_),
                 .hint = "which name or key of this request holds one?"};
  }
  easy_ = curl_easy_init();
  LC2_CHECK(easy_ != nullptr);
  Set(CURLOPT_ERRORBUFFER, details_.data());
  Set(CURLOPT_NOSIGNAL, 1L);
  // A name server that hangs must not hold up the thread that ends the exchange.
  Set(CURLOPT_QUICK_EXIT, 1L);
  Set(CURLOPT_URL, request_.url.c_str());
  Set(CURLOPT_PATH_AS_IS, 1L);
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  Set(CURLOPT_PROXY, "");
  Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(CURLOPT_SSL_VERIFYPEER, 1L);
  Set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) Set(CURLOPT_CAINFO, options.ca_file.c_str());
  // 0 would mean no limit at all.
  const auto limit = [](std::chrono::milliseconds time) {
    return static_cast<long>(std::max<std::int64_t>(1, time.count()));
  };
  Set(CURLOPT_CONNECTTIMEOUT_MS, limit(limits_.connect));
  Set(CURLOPT_TIMEOUT_MS, limit(ctx_.Remaining(limits_.total)));
  Set(CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  Set(CURLOPT_HEADERFUNCTION, &CurlExchange::OnHeader);
  Set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  Set(CURLOPT_WRITEFUNCTION, &CurlExchange::OnBody);
  Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  SetMethodAndBody();
  SetHeaders();
  return {};
}

void CurlExchange::SetMethodAndBody() {
  const bool takes_body = request_.method == "POST" || request_.method == "PUT";
  if (request_.method == "HEAD") {
    Set(CURLOPT_NOBODY, 1L);
  } else if (takes_body || !request_.body.empty()) {
    Set(CURLOPT_POSTFIELDS, request_.body.data());
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  Set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlExchange::SetHeaders() {
  const auto add = [&](const std::string& line) {
    curl_slist* const longer = curl_slist_append(header_list_, line.c_str());
    LC2_CHECK(longer != nullptr);
    header_list_ = longer;
  };
  // What libcurl would add by itself: a wait for 100, a form's type.
  add("Expect:");
  const bool typed = std::any_of(request_.headers.begin(), request_.headers.end(), [](auto& given) {
    std::string name = given.name;
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name == "content-type";
  });
  if (!typed) add("Content-Type:");
  for (const HttpHeader& header : request_.headers) {
    // With a colon libcurl would leave out a header that has no value.
    add(header.value.empty() ? header.name + ";"
                             : fmt::format("{}: {}", header.name, header.value));
  }
  Set(CURLOPT_HTTPHEADER, header_list_);
}

std::size_t CurlExchange::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<CurlExchange*>(self)->TakeHeader({data, bytes}) ? bytes : 0;
}

std::size_t CurlExchange::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<CurlExchange*>(self)->TakeBody({data, bytes}) ? bytes : 0;
}

bool CurlExchange::TakeHeader(std::string_view line) {
  header_bytes_ += line.size();
  too_large_ = too_large_ || header_bytes_ > kMaxHeaderBytes;
  if (too_large_) return false;
  // The headers of an interim response (100) are not those of the response.
  if (line.starts_with("HTTP/")) response_.headers.clear();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  HttpHeader header{.name = std::string(Trimmed(line.substr(0, colon))),
                    .value = std::string(Trimmed(line.substr(colon + 1)))};
  for (char& c : header.name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  response_.headers.push_back(std::move(header));
  return true;
}

bool CurlExchange::TakeBody(std::string_view bytes) {
  const auto room = limits_.max_response_bytes - static_cast<std::int64_t>(response_.body.size());
  too_large_ = too_large_ || static_cast<std::int64_t>(bytes.size()) > room;
  if (too_large_) return false;
  response_.body += bytes;
  return true;
}

Error CurlExchange::ErrorOf(CURLcode code) const {
  const std::string tried = fmt::format("{} to '{}'", request_.method, origin_);
  const char* const why = curl_easy_strerror(code);
  if (too_large_) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "net.too_large",
                 .message = fmt::format("{}: the response is larger than {} bytes", tried,
                                        limits_.max_response_bytes),
                 .hint = "does the URL point to the right service?"};
  }
  if (IsCertificateProblem(code)) {
    const std::string_view details(details_.data());
    return Error{.kind = ErrorKind::kDenied,
                 .code = "net.tls",
                 .message = fmt::format("{}: its certificate is not accepted: {}", tried,
                                        details.empty() ? std::string_view(why) : details),
                 .hint =
                     "is the certificate for this host, valid today, and issued by an authority "
                     "that this machine trusts?"};
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error{.kind = ErrorKind::kUnavailable,
                   .code = "net.resolve",
                   .message = fmt::format("{}: the host's name is not known", tried),
                   .hint = "is the name right, and does this machine's name server know it?"};
    case CURLE_COULDNT_CONNECT:
      return Error{.kind = ErrorKind::kUnavailable,
                   .code = "net.connect",
                   .message = fmt::format("{}: no connection", tried),
                   .hint = "does the service run, and does a firewall let this machine through?"};
    case CURLE_OPERATION_TIMEDOUT:
      return Error{.kind = ErrorKind::kTimeout,
                   .code = "net.timeout",
                   .message = fmt::format("{}: no whole response in time", tried),
                   .hint = "does the service hang, or does a firewall swallow the packets?"};
    default:
      return Error{
          .kind = ErrorKind::kUnavailable,
          .code = "net.broken",
          .message = fmt::format("{}: the exchange broke off: {}", tried, why),
          .hint = "does the service speak this protocol, and is there a proxy in between?"};
  }
}

void CurlExchange::Finish(CURLcode code) {
  if (code != CURLE_OK) return Finish(ErrorOf(code));
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  Finish(std::move(response_));
}

void CurlExchange::Finish(Result<HttpResponse> result) {
  const Transport::Completion done = std::exchange(done_, nullptr);
  if (done) done(std::move(result));
}

}  // namespace lc2::net
