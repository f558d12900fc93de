#include "library/finding.h"

#include <algorithm>

#include "codec/described.h"

namespace lc2 {

namespace {

constexpr std::size_t kBatch = 1'000;

class StoredFindings final : public FindingReader {
 public:
  explicit StoredFindings(std::unique_ptr<ByteSource> stored)
      : stored_(std::move(stored)), text_(*stored_), lines_(text_) {}

  Result<std::vector<Finding>> Read() override {
    std::vector<Finding> batch;
    while (batch.size() < kBatch) {
      LC2_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, lines_.Next());
      if (!line.has_value()) break;
      LC2_ASSIGN_OR_RETURN(Finding finding, ParseFindingLine(*line));
      batch.push_back(std::move(finding));
    }
    return batch;
  }

 private:
  std::unique_ptr<ByteSource> stored_;
  codec::ZstdSource text_;
  codec::LineReader lines_;
};

Error InvalidFinding(std::string what, std::shared_ptr<const Error> cause) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "finding.invalid",
               .message = "a line of a findings file is no finding" + std::move(what),
               .hint = "the file was changed or damaged after it was written; verify the backup",
               .cause = std::move(cause)};
}

std::string_view Describe(SkipReason reason) {
  switch (reason) {
    case SkipReason::kSymbolicLink:
      return "a symbolic link";
    case SkipReason::kSpecialFile:
      return "neither a file nor a folder";
    case SkipReason::kInvalidName:
      return "its name cannot be the key of an object";
    case SkipReason::kUnreadableFolder:
      break;
  }
  return "this folder may not be read";
}

}  // namespace

Finding MakeFinding(const Reference& reference, FindingKind kind, std::string note) {
  return Finding{.key = reference.key,
                 .kind = kind,
                 .expected_size = reference.size,
                 .row_id = reference.row_id,
                 .source = reference.source,
                 .note = std::move(note)};
}

void AppendFindingLine(std::string& out, const Finding& finding) {
  codec::Json json = codec::Encode(finding);
  if (finding.note.empty()) json.get_object().erase("note");
  out += codec::CompactJson(json);
  out += '\n';
}

Result<Finding> ParseFindingLine(std::string_view line) {
  Result<codec::Json> json = codec::ParseJson(line);
  if (!json.has_value()) return InvalidFinding("", Share(std::move(json).error()));
  Result<Finding> finding = codec::Decode<Finding>(*json);
  if (!finding.has_value()) return InvalidFinding("", Share(std::move(finding).error()));
  if (finding->key.empty()) return InvalidFinding(": it has no key", nullptr);
  if (json->get_object().if_contains("kind") == nullptr) {
    return InvalidFinding(": it has no kind", nullptr);
  }
  return finding;
}

FindingWriter::FindingWriter(ByteSink& sink, int level)
    : frames_(codec::ZstdFrameWriter::Make(sink, {.frame_bytes = 1 << 20, .level = level})) {}

Result<void> FindingWriter::Write(const Finding& finding) {
  line_.clear();
  AppendFindingLine(line_, finding);
  ++count_;
  return frames_->Write(line_);
}

Result<codec::ZstdSummary> FindingWriter::Finish() { return frames_->Finish(); }

std::unique_ptr<FindingReader> ReadFindings(std::unique_ptr<ByteSource> stored) {
  return std::make_unique<StoredFindings>(std::move(stored));
}

void SkippedNames::Add(const SkippedName& name) {
  const std::lock_guard lock(mutex_);
  ++count_;
  if (name.reason == SkipReason::kUnreadableFolder) ++unreadable_;
  if (names_.size() < kMaxNames) names_.push_back(name);
}

std::function<void(const SkippedName&)> SkippedNames::Callback() {
  return [this](const SkippedName& name) { Add(name); };
}

std::int64_t SkippedNames::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::int64_t SkippedNames::unreadable() const {
  const std::lock_guard lock(mutex_);
  return unreadable_;
}

std::vector<Finding> SkippedNames::Findings() const {
  const std::lock_guard lock(mutex_);
  std::vector<Finding> findings;
  findings.reserve(names_.size());
  for (const SkippedName& name : names_) {
    const bool unreadable = name.reason == SkipReason::kUnreadableFolder;
    findings.push_back(
        Finding{.key = name.name,
                .kind = unreadable ? FindingKind::kUnreadable : FindingKind::kSkippedName,
                .note = std::string(Describe(name.reason))});
  }
  return findings;
}

}  // namespace lc2
