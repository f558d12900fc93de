#include "database/dump_writer.h"

#include <fmt/core.h>

#include <vector>

#include "base/hash.h"
#include "base/process.h"
#include "codec/gzip_stream.h"
#include "codec/json.h"
#include "codec/zstd_stream.h"
#include "database/client_login.h"
#include "database/pg_archive.h"

namespace lc2::database {

namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr std::int64_t kFrameBytes = 8 << 20;

// The stored form of a dump: what pg_dump writes goes in, an object comes out. Finish() proves that
// the dump is whole; the object is not finished by it.
class DumpEncoder {
 public:
  virtual ~DumpEncoder() = default;
  virtual Result<void> Write(std::string_view raw) = 0;
  // Fills in what it knows: format, sizes, hash.
  virtual Result<DumpFacts> Finish(const Context& ctx) = 0;
  // The text of the index beside the dump; empty if it has none.
  virtual std::string Index(const DumpFacts& facts) const = 0;
};

// A pg_restore that reads the head of the archive as it passes, to hear from PostgreSQL itself that
// the dump can be read.
class HeadReader {
 public:
  static Result<std::unique_ptr<HeadReader>> Start(const Context& ctx, const ClientTool& tool) {
    LC2_ASSIGN_OR_RETURN(
        auto child,
        ChildProcess::Start(ctx, {.argv = {tool.path, "--list"},
                                  .environment = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}},
                                  .pipe_stdin = true}));
    return std::make_unique<HeadReader>(tool, std::move(child));
  }
  HeadReader(ClientTool tool, std::unique_ptr<ChildProcess> child)
      : tool_(std::move(tool)), child_(std::move(child)) {}

  // A reader that ended early says why in Finish().
  void Write(std::string_view bytes) {
    if (open_) open_ = child_->input().Write(bytes).has_value();
  }

  Result<void> Finish(const Context& ctx) {
    child_->CloseInput();
    LC2_ASSIGN_OR_RETURN(const ExitStatus status, child_->Wait(ctx));
    if (status.ok()) return {};
    return ToolError(tool_, "read the dump's table of contents", status, child_->stderr_tail(),
                     "database.bad_archive", ErrorKind::kCorrupt);
  }

 private:
  const ClientTool tool_;
  const std::unique_ptr<ChildProcess> child_;
  bool open_ = true;
};

class CustomEncoder final : public DumpEncoder {
 public:
  CustomEncoder(ByteSink& sink, const DumpOptions& options, std::unique_ptr<HeadReader> head_reader)
      : frames_(codec::ZstdFrameWriter::Make(
            sink,
            {.frame_bytes = kFrameBytes, .level = options.zstd_level, .threads = options.threads})),
        head_reader_(std::move(head_reader)) {}

  Result<void> Write(std::string_view raw) override {
    LC2_ASSIGN_OR_RETURN(const std::size_t head, checker_.Consume(raw));
    if (head > 0) head_reader_->Write(raw.substr(0, head));
    return frames_->Write(raw);
  }

  Result<DumpFacts> Finish(const Context& ctx) override {
    LC2_ASSIGN_OR_RETURN(archive_, checker_.Finish());
    LC2_RETURN_IF_ERROR(head_reader_->Finish(ctx));
    LC2_ASSIGN_OR_RETURN(summary_, frames_->Finish());
    return DumpFacts{.format = kFormatCustomZstd,
                     .size_bytes = summary_.size,
                     .raw_bytes = summary_.raw_size,
                     .sha256 = summary_.sha256};
  }

  std::string Index(const DumpFacts& facts) const override {
    codec::JsonArray frames;
    frames.reserve(summary_.frames.size());
    for (const codec::ZstdFrame& frame : summary_.frames) {
      frames.push_back(codec::JsonObject{{"offset", frame.offset},
                                         {"size", frame.size},
                                         {"rawSize", frame.raw_size},
                                         {"sha256", frame.sha256}});
    }
    return codec::CompactJson(codec::JsonObject{
               {"version", 1},
               {"path", facts.path},
               {"format", facts.format},
               {"sizeBytes", facts.size_bytes},
               {"rawBytes", facts.raw_bytes},
               {"sha256", facts.sha256},
               {"archive", codec::JsonObject{{"formatVersion", archive_.format_version},
                                             {"entries", archive_.entries},
                                             {"dataEntries", archive_.data_entries},
                                             {"largeObjects", archive_.large_objects}}},
               {"frames", std::move(frames)}}) +
           "\n";
  }

 private:
  ArchiveChecker checker_;
  ArchiveFacts archive_;
  codec::ZstdSummary summary_;
  std::unique_ptr<codec::ZstdFrameWriter> frames_;
  std::unique_ptr<HeadReader> head_reader_;
};

class HashingSink final : public ByteSink {
 public:
  explicit HashingSink(ByteSink& sink) : sink_(sink) {}
  Result<void> Write(std::string_view bytes) override {
    hash_.Update(bytes);
    size_ += static_cast<std::int64_t>(bytes.size());
    return sink_.Write(bytes);
  }
  std::int64_t size() const { return size_; }
  std::string FinishHex() { return hash_.FinishHex(); }

 private:
  ByteSink& sink_;
  Sha256 hash_;
  std::int64_t size_ = 0;
};

class PlainEncoder final : public DumpEncoder {
 public:
  explicit PlainEncoder(ByteSink& sink) : stored_(sink), gzip_(stored_) {}

  Result<void> Write(std::string_view raw) override {
    checker_.Consume(raw);
    raw_bytes_ += static_cast<std::int64_t>(raw.size());
    return gzip_.Write(raw);
  }

  Result<DumpFacts> Finish(const Context&) override {
    LC2_RETURN_IF_ERROR(checker_.Finish());
    LC2_RETURN_IF_ERROR(gzip_.Finish());
    return DumpFacts{.format = kFormatPlainGzip,
                     .size_bytes = stored_.size(),
                     .raw_bytes = raw_bytes_,
                     .sha256 = stored_.FinishHex()};
  }

  std::string Index(const DumpFacts&) const override { return {}; }

 private:
  HashingSink stored_;
  codec::GzipSink gzip_;
  PlainDumpChecker checker_;
  std::int64_t raw_bytes_ = 0;
};

std::vector<std::string> DumpArguments(const DumpSource& source, const DatabaseTarget& target,
                                       DumpFormat format) {
  std::vector<std::string> argv = {source.dump_tool.path, "--no-password", "--no-owner", "--no-acl",
                                   "--dbname=" + ConnectionString(target)};
  // -b: large objects are never left out (domain.md 6.4).
  if (format == DumpFormat::kCustom) {
    argv.insert(argv.end(), {"--format=custom", "--compress=0", "-b"});
  } else {
    argv.insert(argv.end(), {"--format=plain", "-b"});
  }
  if (!source.snapshot.empty()) argv.push_back("--snapshot=" + source.snapshot);
  return argv;
}

// Moves pg_dump's output into the encoder. The end of the pipe says nothing: the child's status
// does.
Result<void> PumpDump(const Context& ctx, ChildProcess& child, DumpEncoder& encoder,
                      std::int64_t expected) {
  std::vector<char> buffer(kBufferBytes);
  std::int64_t done = 0;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::size_t count, child.output().Read(buffer));
    if (count == 0) return {};
    LC2_RETURN_IF_ERROR(encoder.Write(std::string_view(buffer.data(), count)));
    done += static_cast<std::int64_t>(count);
    ctx.Report({.step = "database", .bytes_done = done, .bytes_total = expected});
  }
}

Result<std::unique_ptr<DumpEncoder>> MakeEncoder(const Context& ctx, const DumpSource& source,
                                                 const DumpOptions& options, ByteSink& sink) {
  if (options.format == DumpFormat::kPlain) {
    return std::unique_ptr<DumpEncoder>(std::make_unique<PlainEncoder>(sink));
  }
  LC2_ASSIGN_OR_RETURN(auto head_reader, HeadReader::Start(ctx, source.list_tool));
  return std::unique_ptr<DumpEncoder>(
      std::make_unique<CustomEncoder>(sink, options, std::move(head_reader)));
}

}  // namespace

Result<DumpFacts> WritePostgresDump(const Context& ctx, const DatabaseTarget& target,
                                    const DumpSource& source, ObjectStore& store,
                                    const DumpOptions& options) {
  LC2_ASSIGN_OR_RETURN(const ClientLogin login, MakeClientLogin(target));
  LC2_ASSIGN_OR_RETURN(const auto object, store.OpenWriter(ctx, options.key));
  LC2_ASSIGN_OR_RETURN(const auto encoder, MakeEncoder(ctx, source, options, *object));
  LC2_ASSIGN_OR_RETURN(
      const auto child,
      ChildProcess::Start(ctx, {.argv = DumpArguments(source, target, options.format),
                                .environment = login.environment,
                                .pipe_stdout = true,
                                .inherited = login.inherited}));
  const Result<void> pumped = PumpDump(ctx, *child, *encoder, source.expected_bytes);
  if (!pumped.has_value()) child->Terminate();
  LC2_ASSIGN_OR_RETURN(const ExitStatus status, child->Wait(ctx));
  LC2_RETURN_IF_ERROR(pumped);
  if (!status.ok()) {
    return ToolError(source.dump_tool, "dump " + target.Describe(), status, child->stderr_tail(),
                     "database.dump_failed", ErrorKind::kUnavailable);
  }
  LC2_ASSIGN_OR_RETURN(DumpFacts facts, encoder->Finish(ctx));
  LC2_RETURN_IF_ERROR(object->Finish());
  facts.path = options.key;
  facts.tool = source.dump_tool.str();
  const std::string index = encoder->Index(facts);
  if (!index.empty()) {
    facts.index_path = options.key + ".index.json";
    facts.index_sha256 = Sha256Hex(index);
    LC2_RETURN_IF_ERROR(store.Put(ctx, {.key = facts.index_path, .body = index}));
  }
  return facts;
}

}  // namespace lc2::database
