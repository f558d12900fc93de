#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>

#include "base/context.h"
#include "net/transport.h"

namespace lc2::net {

// One request on its way, as libcurl sees it. The transport's thread alone touches it once it was
// handed over.
class CurlExchange {
 public:
  CurlExchange(const Context& ctx, HttpRequest request, const ExchangeLimits& limits,
               Transport::Completion done);
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;
  ~CurlExchange();

  // Sets the handle up. Errors: kInvalid "net.url", "net.header".
  Result<void> Prepare(const HttpTransportOptions& options);

  CURL* handle() { return easy_; }
  bool stopped() const { return ctx_.stopped(); }
  // Calls the completion with what `code` says; once.
  void Finish(CURLcode code);
  void Finish(Result<HttpResponse> result);

 private:
  void SetMethodAndBody();
  void SetHeaders();
  bool TakeHeader(std::string_view line);
  bool TakeBody(std::string_view bytes);
  Error ErrorOf(CURLcode code) const;
  template <class Value>
  void Set(CURLoption option, Value value);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);

  const Context ctx_;
  const HttpRequest request_;
  const ExchangeLimits limits_;
  Transport::Completion done_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> details_{};
  std::string origin_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
};

}  // namespace lc2::net
