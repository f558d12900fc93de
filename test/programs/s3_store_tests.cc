// The store over S3 against a real server: the conformance tests of every store, and what is S3's
// own. Environment: LC2_S3_ENDPOINT, LC2_S3_BUCKET, LC2_S3_BYTE_ORDER and LC2_S3_CHECKSUMS (0
// or 1), and the AWS variables with the keys. Each test works below a prefix of its own.
#include <cstdlib>

#include "cloud/aws/credential_chain.h"
#include "cloud/aws/s3_client.h"
#include "cloud/aws/s3_multipart.h"
#include "storage/s3/s3_store.h"
#include "storage/tests/store_conformance.h"

namespace lc2 {
namespace {

namespace aws = cloud::aws;

constexpr std::int64_t kPart = 5 << 20;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  EXPECT_NE(value, nullptr) << name;
  return value == nullptr ? "" : value;
}

// One for the whole program: a test is not to wait for connections and credentials.
struct Service {
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<net::Transport> transport = net::MakeHttpTransport();
  aws::CredentialCache credentials{
      aws::MakeCredentialChain(*transport, {.variables = aws::AwsVariables()}).value(), clock};
  aws::S3Bucket bucket{
      .name = Variable("LC2_S3_BUCKET"),
      .endpoint =
          aws::Endpoint::Parse(Variable("LC2_S3_ENDPOINT"), Variable("AWS_REGION")).value()};
};
Service& TheService() {
  static Service service;
  return service;
}

// The value, or the error for people to read.
template <class T>
T Must(Result<T> result) {
  if (!result.has_value()) {
    ADD_FAILURE() << Describe(result.error());
    std::abort();
  }
  return std::move(result).value();
}

class InBucket final : public StoreUnderTest {
 public:
  explicit InBucket(bool conditional_put = true) {
    options_ = {.bucket = TheService().bucket,
                .prefix = "t" + TheService().random.Hex(8) + "/",
                .can = {.conditional_put = conditional_put,
                        .checksums = Variable("LC2_S3_CHECKSUMS") == "1",
                        .byte_order = Variable("LC2_S3_BYTE_ORDER") == "1"},
                .part_bytes = kPart};
    store_ = Open(options_);
  }
  ObjectStore& store() override { return *store_; }
  const S3StoreOptions& options() const { return options_; }

  static std::unique_ptr<ObjectStore> Open(const S3StoreOptions& options) {
    Service& service = TheService();
    return MakeS3Store({*service.transport, service.credentials, service.random}, options);
  }

 private:
  S3StoreOptions options_;
  std::unique_ptr<ObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance,
                         ::testing::Values(StoreKind{"S3",
                                                     []() -> std::unique_ptr<StoreUnderTest> {
                                                       return std::make_unique<InBucket>();
                                                     }}),
                         [](const auto& kind) { return std::string(kind.param.name); });

class S3Store : public ::testing::Test {
 protected:
  std::vector<aws::Upload> Uploads() {
    Service& service = TheService();
    aws::S3Client client(*service.transport, service.credentials, service.bucket, service.random);
    const auto answer = client.Call(ctx_, aws::ListUploadsCall(bucket_.options().prefix));
    EXPECT_TRUE(answer.has_value()) << Describe(answer.error());
    return aws::ReadUploadPage(*answer).value().uploads;
  }
  // Bytes of which no part is like another.
  static std::string Bytes(std::size_t count) {
    std::string bytes(count, '\0');
    SeededRandom random(count);
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    return bytes;
  }
  Result<std::string> ReadBack(const std::string& key, std::optional<ByteRange> range = {}) {
    LC2_ASSIGN_OR_RETURN(const auto reader, store_.OpenReader(ctx_, key, range));
    return ReadAll(*reader, 64 << 20);
  }

  const Context ctx_ = testing::TestContext();
  InBucket bucket_;
  ObjectStore& store_ = bucket_.store();
};

TEST_F(S3Store, WritesLargeObjectsInParts) {
  for (const std::size_t size : {std::size_t{kPart}, std::size_t{kPart + 1}, std::size_t{2 * kPart},
                                 std::size_t{4 * kPart + 12'345}}) {
    SCOPED_TRACE(size);
    const std::string bytes = Bytes(size);
    auto writer = Must(store_.OpenWriter(ctx_, "large"));
    for (std::size_t at = 0; at < size; at += 1'000'003) {
      const auto written = writer->Write(std::string_view(bytes).substr(at, 1'000'003));
      ASSERT_TRUE(written.has_value()) << Describe(written.error());
    }
    const auto facts = writer->Finish();
    ASSERT_TRUE(facts.has_value()) << Describe(facts.error());
    EXPECT_EQ(facts->size, static_cast<std::int64_t>(size));
    EXPECT_TRUE(Must(ReadBack("large")) == bytes);
    EXPECT_EQ(Must(store_.Head(ctx_, "large")).etag, facts->etag);
    EXPECT_TRUE(Uploads().empty());
  }
}

TEST_F(S3Store, ReadsPartsAcrossTheirBounds) {
  const std::string bytes = Bytes(3 * kPart);
  ASSERT_TRUE(store_.Put(ctx_, {.key = "k", .body = bytes}).has_value());
  for (const ByteRange& range :
       {ByteRange{.offset = kPart - 1, .length = 2}, ByteRange{.offset = 7, .length = 2 * kPart},
        ByteRange{.offset = 2 * kPart, .length = 9 * kPart},
        ByteRange{.offset = 3 * kPart - 1, .length = 1}}) {
    const auto from = static_cast<std::size_t>(range.offset);
    EXPECT_TRUE(Must(ReadBack("k", range)) ==
                bytes.substr(from, static_cast<std::size_t>(range.length)))
        << range.offset;
  }
}

TEST_F(S3Store, AReaderDoesNotMixTwoStates) {
  ASSERT_TRUE(store_.Put(ctx_, {.key = "k", .body = Bytes(4 * kPart)}).has_value());
  auto reader = Must(store_.OpenReader(ctx_, "k"));
  ASSERT_TRUE(store_.Put(ctx_, {.key = "k", .body = Bytes(4 * kPart + 1)}).has_value());
  const auto read = ReadAll(*reader, 64 << 20);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::kConflict);
}

TEST_F(S3Store, AWriterThatIsDroppedLeavesNoParts) {
  {
    auto writer = Must(store_.OpenWriter(ctx_, "large"));
    ASSERT_TRUE(writer->Write(Bytes(2 * kPart)).has_value());
    EXPECT_EQ(Uploads().size(), 1U);
  }
  EXPECT_TRUE(Uploads().empty());
  EXPECT_EQ(store_.Head(ctx_, "large").error().kind, ErrorKind::kNotFound);
}

TEST_F(S3Store, OfTwoLargeWritersOneWins) {
  auto first = Must(store_.OpenWriter(ctx_, "large", PutMode::kCreateOnly));
  auto second = Must(store_.OpenWriter(ctx_, "large", PutMode::kCreateOnly));
  const std::string bytes = Bytes(kPart + 1);
  ASSERT_TRUE(first->Write(bytes).has_value());
  ASSERT_TRUE(second->Write(Bytes(kPart + 2)).has_value());
  ASSERT_TRUE(first->Finish().has_value());
  const auto lost = second->Finish();
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().kind, ErrorKind::kAlreadyExists) << Describe(lost.error());
  second.reset();
  EXPECT_TRUE(Uploads().empty());
  EXPECT_TRUE(Must(ReadBack("large")) == bytes);
}

TEST_F(S3Store, WithoutConditionsItLooksFirst) {
  InBucket careless(false);
  EXPECT_FALSE(careless.store().features().create_only);
  const PutOperation put{.key = "k", .body = "one", .mode = PutMode::kCreateOnly};
  ASSERT_TRUE(careless.store().Put(ctx_, put).has_value());
  EXPECT_EQ(careless.store().Put(ctx_, put).error().kind, ErrorKind::kAlreadyExists);
  auto writer = careless.store().OpenWriter(ctx_, "k", PutMode::kCreateOnly).value();
  EXPECT_EQ(writer->Finish().error().kind, ErrorKind::kAlreadyExists);
}

TEST_F(S3Store, WhatIsOnlyReadIsNotWritten) {
  S3StoreOptions options = bucket_.options();
  options.read_only = true;
  ASSERT_TRUE(store_.Put(ctx_, {.key = "k", .body = "x"}).has_value());
  const auto reading = InBucket::Open(options);
  EXPECT_EQ(reading->Get(ctx_, "k").value(), "x");
  EXPECT_EQ(reading->Put(ctx_, {.key = "k", .body = "y"}).error().code, "store.read_only");
  EXPECT_EQ(reading->Delete(ctx_, "k").error().code, "store.read_only");
  EXPECT_EQ(reading->OpenWriter(ctx_, "l").error().code, "store.read_only");
}

TEST_F(S3Store, OddKeysAreKeptByteForByte) {
  for (const std::string& key :
       {std::string("a b+c%20d&e=f?g#h~i"), std::string("\xC3\xA4/\xF0\x9F\x98\x80/\xE6\x97\xA5"),
        std::string("<&>\"'"), std::string("a;b:c,d@e!f$g*h(i)j'k"), std::string("%2F%25")}) {
    ASSERT_TRUE(store_.Put(ctx_, {.key = key, .body = key}).has_value()) << key;
    EXPECT_EQ(store_.Get(ctx_, key).value(), key);
    auto listing = store_.List(ctx_, {.prefix = key}).value();
    const auto listed = listing->Read();
    ASSERT_TRUE(listed.has_value()) << Describe(listed.error());
    ASSERT_EQ(listed->size(), 1U) << key;
    EXPECT_EQ(listed->front().key, key);
    EXPECT_EQ(listed->front().etag, store_.Head(ctx_, key)->etag);
    ASSERT_TRUE(store_.Delete(ctx_, key).has_value());
    EXPECT_EQ(store_.Head(ctx_, key).error().kind, ErrorKind::kNotFound);
  }
}

TEST_F(S3Store, WrongKeysAreRefusedWithTheServicesWord) {
  Service& service = TheService();
  aws::CredentialCache wrong(
      aws::MakeFixedSource("wrong", {.access_key_id = Variable("AWS_ACCESS_KEY_ID"),
                                     .secret_access_key = Secret("wrong"),
                                     .session_token = Secret()}),
      service.clock);
  const auto store = MakeS3Store({*service.transport, wrong, service.random}, bucket_.options());
  const auto put = store->Put(ctx_, {.key = "k", .body = "x"});
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(put.error().code, "s3.denied");
  EXPECT_EQ(put.error().provider->code, "SignatureDoesNotMatch");
  EXPECT_EQ(store_.Head(ctx_, "k").error().kind, ErrorKind::kNotFound);
}

TEST_F(S3Store, AMissingBucketIsNotFound) {
  S3StoreOptions options = bucket_.options();
  options.bucket.name = "no-such-bucket-of-lc2";
  const auto store = InBucket::Open(options);
  // Not by a put: SeaweedFS makes the bucket for whoever may.
  // Where the listing is sorted, it is read before the first entry is given.
  const auto listed = store->List(ctx_, {}).and_then([](auto reader) { return reader->Read(); });
  ASSERT_FALSE(listed.has_value());
  EXPECT_EQ(listed.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(listed.error().hint.find("LC2 makes no buckets"), std::string::npos);
}

}  // namespace
}  // namespace lc2
