#include "storage/s3/s3_probe.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/crc.h"
#include "cloud/aws/s3_bucket_settings.h"
#include "cloud/aws/s3_client.h"
#include "cloud/aws/s3_list.h"
#include "cloud/aws/s3_multipart.h"

namespace lc2 {

namespace {

namespace aws = cloud::aws;

// The service does not know what it was asked for, as opposed to not answering at all.
bool IsUnknownTo(const Error& error) { return error.kind == ErrorKind::kInvalid; }

class Probe {
 public:
  Probe(const Context& ctx, const S3StoreLinks& links, const S3StoreOptions& options)
      : ctx_(ctx),
        client_(links.transport, links.credentials, options.bucket, links.random, options.client),
        folder_(options.prefix + ".lc2-probe-" + links.random.Hex(8) + "/") {}

  // Also after an error nothing is left, as far as that is possible.
  ~Probe() {
    for (const auto& [key, version] : written_) {
      (void)client_.Call(ctx_, aws::DeleteObjectCall(key, version));
    }
  }

  Result<void> AskBucket(S3Capabilities& can) {
    LC2_ASSIGN_OR_RETURN(can.versions, Is(aws::GetVersioningCall(), &aws::ReadVersioning));
    const Result<bool> locks = Is(aws::GetObjectLockCall(), &aws::ReadObjectLock);
    // A lock that is not told of refuses deletions by itself; versions would only be marked.
    if (!locks.has_value() && locks.error().kind != ErrorKind::kDenied) return locks.error();
    can.object_lock = locks.value_or(false);
    return {};
  }

  Result<void> TryIt(S3Capabilities& can) {
    LC2_ASSIGN_OR_RETURN(can.byte_order, ListsInOrder());
    LC2_ASSIGN_OR_RETURN(can.conditional_put, CreatesOnce());
    LC2_ASSIGN_OR_RETURN(can.checksums, Compares());
    if (can.checksums) {
      LC2_ASSIGN_OR_RETURN(can.checksums, ComparesParts());
    }
    return {};
  }

 private:
  Result<bool> Is(aws::S3Call call, bool (*on)(const net::HttpResponse&)) {
    const auto answer = client_.Call(ctx_, std::move(call));
    if (answer.has_value()) return on(*answer);
    const ErrorKind kind = answer.error().kind;
    // No such configuration; not known to this service.
    const bool off =
        IsUnknownTo(answer.error()) || (kind == ErrorKind::kNotFound && answer.error().provider &&
                                        answer.error().provider->code != "NoSuchBucket");
    if (off) return false;
    return answer.error();
  }

  Result<void> Put(const std::string& name, bool create_only) {
    const std::string key = folder_ + name;
    LC2_ASSIGN_OR_RETURN(
        const net::HttpResponse answer,
        client_.Call(
            ctx_, aws::PutObjectCall(
                      {.key = key, .body = "x", .create_only = create_only, .checksum = false})));
    written_.emplace_back(key, aws::ReadPut(answer).version);
    return {};
  }

  Result<bool> ListsInOrder() {
    // A tree of folders has "a/b" first, bytes have "a b".
    LC2_RETURN_IF_ERROR(Put("a/b", false));
    LC2_RETURN_IF_ERROR(Put("a b", false));
    LC2_ASSIGN_OR_RETURN(const net::HttpResponse answer,
                         client_.Call(ctx_, aws::ListCall({.prefix = folder_})));
    LC2_ASSIGN_OR_RETURN(const aws::ListPage page, aws::ParseListPage(answer.body));
    return page.objects.size() == 2 && page.objects[0].key == folder_ + "a b" &&
           page.objects[1].key == folder_ + "a/b";
  }

  Result<bool> CreatesOnce() {
    const Result<void> first = Put("once", true);
    if (!first.has_value()) {
      if (IsUnknownTo(first.error())) return false;
      return first.error();
    }
    const Result<void> second = Put("once", true);
    if (second.has_value()) return false;
    if (second.error().kind == ErrorKind::kAlreadyExists) return true;
    return second.error();
  }

  // True when a body that its checksum is not of is refused.
  Result<bool> Compares() {
    aws::S3Call put =
        aws::PutObjectCall({.key = folder_ + "checked", .body = "x", .checksum = false});
    put.headers.push_back({"x-amz-checksum-crc64nvme", CrcBase64(std::uint64_t{0})});
    const auto answer = client_.Call(ctx_, std::move(put));
    if (answer.has_value()) {
      written_.emplace_back(folder_ + "checked", aws::ReadPut(*answer).version);
      return false;
    }
    if (answer.error().kind == ErrorKind::kCorrupt) return true;
    if (IsUnknownTo(answer.error())) return false;
    return answer.error();
  }

  // True when parts with a checksum of the whole are put together: there are services that take it
  // for that of the call.
  Result<bool> ComparesParts() {
    const std::string key = folder_ + "parts";
    Crc64Nvme crc;
    crc.Update("x");
    const std::string checksum = CrcBase64(crc.value());
    const auto begun = client_.Call(ctx_, aws::CreateUploadCall(key, {}, true));
    if (!begun.has_value()) {
      if (IsUnknownTo(begun.error())) return false;
      return begun.error();
    }
    LC2_ASSIGN_OR_RETURN(const std::string upload, aws::ReadUploadId(*begun));
    const auto ended = PutTogether(key, upload, checksum);
    if (ended.has_value()) {
      written_.emplace_back(key, aws::ReadPut(*ended).version);
      return true;
    }
    (void)client_.Call(ctx_, aws::AbortUploadCall(key, upload));
    if (IsUnknownTo(ended.error()) || ended.error().kind == ErrorKind::kCorrupt) return false;
    return ended.error();
  }

  Result<net::HttpResponse> PutTogether(const std::string& key, const std::string& upload,
                                        const std::string& checksum) {
    LC2_ASSIGN_OR_RETURN(const net::HttpResponse part,
                         client_.Call(ctx_, aws::UploadPartCall(key, upload, 1, "x", checksum)));
    return client_.Call(
        ctx_, aws::CompleteUploadCall(key, upload, {aws::ReadPart(part, 1)}, 1, checksum, false));
  }

  const Context& ctx_;
  aws::S3Client client_;
  const std::string folder_;
  std::vector<std::pair<std::string, std::string>> written_;  // key and version
};

}  // namespace

Result<S3Capabilities> ProbeS3(const Context& ctx, const S3StoreLinks& links,
                               const S3StoreOptions& options) {
  S3Capabilities can;
  Probe probe(ctx, links, options);
  LC2_RETURN_IF_ERROR(probe.AskBucket(can));
  LC2_RETURN_IF_ERROR(probe.TryIt(can));
  return can;
}

Result<S3Capabilities> AskS3(const Context& ctx, const S3StoreLinks& links,
                             const S3StoreOptions& options) {
  S3Capabilities can;
  LC2_RETURN_IF_ERROR(Probe(ctx, links, options).AskBucket(can));
  return can;
}

}  // namespace lc2
