#include "net/transport.h"

#include <algorithm>
#include <future>
#include <utility>

namespace lc2::net {

const std::string* FindHeader(const HttpResponse& response, std::string_view name) {
  const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                  [&](const HttpHeader& header) { return header.name == name; });
  return found == response.headers.end() ? nullptr : &found->value;
}

Result<HttpResponse> Transport::Send(const Context& ctx, HttpRequest request,
                                     const ExchangeLimits& limits) {
  // Shared: the promise is still in use for a moment after it has given its value.
  const auto promise = std::make_shared<std::promise<Result<HttpResponse>>>();
  std::future<Result<HttpResponse>> answer = promise->get_future();
  Submit(ctx, std::move(request), limits,
         [promise](Result<HttpResponse> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

}  // namespace lc2::net
