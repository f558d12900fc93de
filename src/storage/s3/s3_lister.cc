#include <fmt/core.h>

#include <algorithm>
#include <future>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "cloud/aws/s3_list.h"
#include "storage/key_text.h"
#include "storage/s3/s3_place_internal.h"
#include "storage/sort_entries.h"

namespace lc2::storage {

namespace {

namespace aws = cloud::aws;

constexpr int kTries = 4;  // of a page that cannot be read

// Without a last character of which the end is missing: services take none but whole ones. What is
// listed more is passed over.
std::string WholeCharacters(std::string text) {
  for (int i = 0; i < 3 && !IsUtf8(text) && !text.empty(); ++i) text.pop_back();
  return text;
}

// The objects of a listing's pages, each asked for while the one before is worked on.
class S3Lister final : public EntryReader {
 public:
  S3Lister(const Context& ctx, S3Place& place, ListQuery query)
      : ctx_(ctx), place_(place), query_(std::move(query)) {
    asked_.prefix = WholeCharacters(place_.Full(query_.prefix));
    if (!query_.start_after.empty()) {
      asked_.start_after = WholeCharacters(place_.Full(query_.start_after));
    }
    Ask();
  }
  // A completion uses this object.
  ~S3Lister() override {
    if (answer_.valid()) answer_.wait();
  }

  // An error stays: what follows it would be a listing with a gap, or one that ends too early.
  Result<std::vector<Entry>> Read() override {
    if (failed_) return *failed_;
    auto batch = ReadBatch();
    if (!batch.has_value()) failed_ = batch.error();
    return batch;
  }

 private:
  Result<std::vector<Entry>> ReadBatch() {
    std::vector<Entry> batch;
    while (batch.empty() && answer_.valid()) {
      LC2_ASSIGN_OR_RETURN(aws::ListPage page, TakePage());
      if (!page.next_token.empty()) {
        asked_.continuation_token = std::move(page.next_token);
        Ask();
      }
      batch.reserve(page.objects.size());
      for (aws::ListedObject& object : page.objects) {
        LC2_ASSIGN_OR_RETURN(const bool more, Take(std::move(object), batch));
        if (more) continue;
        if (answer_.valid()) answer_.wait();
        answer_ = {};
        break;
      }
    }
    return batch;
  }

  void Ask() {
    const auto promise = std::make_shared<std::promise<Result<net::HttpResponse>>>();
    answer_ = promise->get_future();
    place_.client().Submit(
        ctx_, aws::ListCall(asked_),
        [promise](Result<net::HttpResponse> outcome) { promise->set_value(std::move(outcome)); });
  }

  // A page that cannot be read, or is another than was asked for, is asked for again.
  Result<aws::ListPage> TakePage() {
    for (int left = kTries;; --left) {
      LC2_ASSIGN_OR_RETURN(const net::HttpResponse response, answer_.get());
      auto page = aws::ParseListPage(response.body);
      if (page.has_value()) {
        const Result<void> right = CheckPage(*page);
        if (right.has_value()) return page;
        page = right.error();
      }
      if (left <= 1) return page;
      Ask();
    }
  }

  // Another page in the place of this one would hide objects.
  Result<void> CheckPage(const aws::ListPage& page) const {
    if (!page.token.empty() && page.token != asked_.continuation_token) {
      return Error{.kind = ErrorKind::kUnavailable,
                   .code = "s3.bad_page",
                   .message = fmt::format("'{}' gives another page of its listing than was asked "
                                          "for",
                                          place_.name())};
    }
    if (place_.options().can.byte_order && !page.objects.empty() && !last_.empty() &&
        page.objects.front().key <= last_) {
      return OutOfOrder();
    }
    return {};
  }

  // False at the end of what is wanted.
  Result<bool> Take(aws::ListedObject object, std::vector<Entry>& batch) {
    const bool ordered = place_.options().can.byte_order;
    const bool within = object.key.starts_with(asked_.prefix);
    if (ordered && (!within || (object.key <= last_ && !last_.empty()))) return OutOfOrder();
    // SeaweedFS takes "a/../" for "".
    if (!within) return true;
    if (ordered) last_ = object.key;
    std::string key = object.key.substr(place_.options().prefix.size());
    if (!key.starts_with(query_.prefix)) return true;
    if (ordered && key <= query_.start_after) return true;
    if (ordered && !query_.end_before.empty() && key >= query_.end_before) return false;
    if (!CheckKey(key).has_value()) {
      if (query_.on_skipped) {
        query_.on_skipped({.name = EscapeName(key), .reason = SkipReason::kInvalidName});
      }
      return true;
    }
    batch.push_back({.key = std::move(key),
                     .size = object.size,
                     .etag = PlainEtag(object.etag),
                     .last_modified = object.last_modified});
    return true;
  }

  Error OutOfOrder() const {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "s3.order",
                 .message = fmt::format("'{}' does not list its objects in the order of their keys",
                                        place_.name()),
                 .hint = "let `lc2 doctor --location` find out anew what the service can do"};
  }

  const Context ctx_;
  S3Place& place_;
  const ListQuery query_;
  aws::ListQuery asked_;
  std::future<Result<net::HttpResponse>> answer_;  // none: there are no more pages
  std::string last_;
  std::optional<Error> failed_;
};

// What a query wants of a listing that holds more.
class Wanted final : public EntryReader {
 public:
  Wanted(std::unique_ptr<EntryReader> all, ListQuery query)
      : all_(std::move(all)), query_(std::move(query)) {}

  Result<std::vector<Entry>> Read() override {
    for (;;) {
      LC2_ASSIGN_OR_RETURN(std::vector<Entry> batch, all_->Read());
      if (batch.empty()) return batch;
      std::erase_if(batch, [&](const Entry& entry) {
        return entry.key <= query_.start_after ||
               (!query_.end_before.empty() && entry.key >= query_.end_before);
      });
      if (!batch.empty()) return batch;
    }
  }

 private:
  const std::unique_ptr<EntryReader> all_;
  const ListQuery query_;
};

}  // namespace

Result<std::unique_ptr<EntryReader>> OpenS3Lister(const Context& ctx, S3Place& place,
                                                  const ListQuery& query) {
  LC2_RETURN_IF_ERROR(ctx.Check());
  if (place.options().can.byte_order) {
    return std::unique_ptr<EntryReader>(std::make_unique<S3Lister>(ctx, place, query));
  }
  // Of such a service where to start and where to end is as little sure as the order.
  S3Lister all(ctx, place, {.prefix = query.prefix, .on_skipped = query.on_skipped});
  LC2_ASSIGN_OR_RETURN(std::unique_ptr<EntryReader> sorted, SortEntries(ctx, all));
  return std::unique_ptr<EntryReader>(std::make_unique<Wanted>(std::move(sorted), query));
}

}  // namespace lc2::storage
