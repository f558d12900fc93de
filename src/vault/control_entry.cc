#include <fmt/format.h>

#include <cctype>

#include "base/time_format.h"
#include "codec/described.h"
#include "vault/control_log.h"

// One entry of a control log <-> its bytes.
namespace lc2::vault {
namespace {

// Words in control logs start in lower case ("failed"), enumerators and codec words do not.
codec::Json LowerWord(std::string word) {
  word[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(word[0])));
  return codec::Json(word);
}
template <class E>
Result<E> FromLowerWord(const codec::JsonObject& object, std::string_view member) {
  const codec::Json* json = object.if_contains(member);
  if (json != nullptr && json->is_string() && !json->get_string().empty()) {
    std::string word(json->get_string());
    if (std::islower(static_cast<unsigned char>(word[0])) != 0) {
      word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
      if (const auto value = codec::FromWord<E>(word)) return *value;
    }
  }
  return codec::ShapeError(codec::Path(member), "a known word");
}

template <class T>
Result<T> Member(const codec::JsonObject& object, std::string_view name) {
  const codec::Json* json = object.if_contains(name);
  if (json == nullptr) return T{};
  return codec::Decode<T>(*json, codec::Path(name));
}

codec::Json EncodeBody(const Opened& opened) {
  codec::JsonObject json;
  json["kind"] = std::string(KindWord(opened.kind));
  json["request"] = {{"namespace", opened.request.name_space}, {"name", opened.request.name}};
  json["specDigest"] = opened.spec_digest;
  if (opened.backup_id) json["backupId"] = opened.backup_id->str();
  if (opened.source) json["source"] = codec::Encode(*opened.source);
  json["initiator"] = opened.initiator;
  json["timestamp"] = codec::Encode(opened.timestamp);
  if (opened.expires_at) json["expiresAt"] = codec::Encode(*opened.expires_at);
  if (opened.base) json["base"] = codec::Encode(*opened.base);
  if (opened.inherits) json["inherits"] = opened.inherits->str();
  if (!opened.schedule.empty()) json["schedule"] = opened.schedule;
  return json;
}
codec::Json EncodeBody(const Abandoned& abandoned) {
  codec::Json json = codec::Encode(abandoned);
  json.as_object()["reason"] = LowerWord(codec::Word(abandoned.reason));
  return json;
}
template <class T>
codec::Json EncodeBody(const T& body) {
  return codec::Encode(body);
}

template <class T>
struct Decoder {
  static Result<T> Run(const codec::Json& json, const codec::Path& path) {
    if (!json.is_object()) return codec::ShapeError(path, "an object");
    return codec::Decode<T>(json, path);
  }
};

template <>
struct Decoder<Opened> {
  static Result<Opened> Run(const codec::Json& json, const codec::Path& path) {
    if (!json.is_object()) return codec::ShapeError(path, "an object");
    const codec::JsonObject& object = json.get_object();
    Opened opened;
    LC2_ASSIGN_OR_RETURN(opened.kind, FromLowerWord<RunKind>(object, "kind"));
    const codec::Json* request = object.if_contains("request");
    if (request == nullptr || !request->is_object())
      return codec::ShapeError(path / "request", "an object");
    LC2_ASSIGN_OR_RETURN(opened.request.name_space,
                         Member<std::string>(request->get_object(), "namespace"));
    LC2_ASSIGN_OR_RETURN(opened.request.name, Member<std::string>(request->get_object(), "name"));
    LC2_ASSIGN_OR_RETURN(opened.spec_digest, Member<std::string>(object, "specDigest"));
    LC2_ASSIGN_OR_RETURN(opened.backup_id, Member<std::optional<BackupId>>(object, "backupId"));
    LC2_ASSIGN_OR_RETURN(opened.source, Member<std::optional<RestoreSource>>(object, "source"));
    LC2_ASSIGN_OR_RETURN(opened.initiator, Member<std::string>(object, "initiator"));
    LC2_ASSIGN_OR_RETURN(opened.timestamp, Member<Time>(object, "timestamp"));
    LC2_ASSIGN_OR_RETURN(opened.expires_at, Member<std::optional<Time>>(object, "expiresAt"));
    LC2_ASSIGN_OR_RETURN(opened.base, Member<std::optional<Base>>(object, "base"));
    LC2_ASSIGN_OR_RETURN(opened.inherits, Member<std::optional<RunId>>(object, "inherits"));
    LC2_ASSIGN_OR_RETURN(opened.schedule, Member<std::string>(object, "schedule"));
    return opened;
  }
};

template <>
struct Decoder<Abandoned> {
  static Result<Abandoned> Run(const codec::Json& json, const codec::Path& path) {
    if (!json.is_object()) return codec::ShapeError(path, "an object");
    const codec::JsonObject& object = json.get_object();
    Abandoned abandoned;
    LC2_ASSIGN_OR_RETURN(abandoned.reason, FromLowerWord<AbandonReason>(object, "reason"));
    LC2_ASSIGN_OR_RETURN(abandoned.heir, Member<std::optional<RunId>>(object, "heir"));
    LC2_ASSIGN_OR_RETURN(abandoned.error, Member<codec::Json>(object, "error"));
    LC2_ASSIGN_OR_RETURN(abandoned.consistency, Member<codec::Json>(object, "consistency"));
    return abandoned;
  }
};

template <class T>
constexpr std::string_view kWord = "";
template <>
constexpr std::string_view kWord<Opened> = "opened";
template <>
constexpr std::string_view kWord<AttemptStarted> = "attempt";
template <>
constexpr std::string_view kWord<Committed> = "committed";
template <>
constexpr std::string_view kWord<Abandoned> = "abandoned";
template <>
constexpr std::string_view kWord<Finished> = "finished";
template <>
constexpr std::string_view kWord<ControlStep> = "step";
template <>
constexpr std::string_view kWord<Hold> = "hold";
template <>
constexpr std::string_view kWord<Extended> = "extended";
template <>
constexpr std::string_view kWord<Verified> = "verified";
template <>
constexpr std::string_view kWord<Proved> = "proved";
template <>
constexpr std::string_view kWord<DeletionRequested> = "deletionRequested";
template <>
constexpr std::string_view kWord<DeletionWithdrawn> = "deletionWithdrawn";
template <>
constexpr std::string_view kWord<Deleted> = "deleted";

template <class T>
bool DecodeAs(const codec::Json& json, std::string_view word,
              std::optional<Result<EventBody>>& decoded) {
  if (word != kWord<T>) return false;
  Result<T> body = Decoder<T>::Run(json, codec::Path(word));
  if (body.has_value()) {
    decoded.emplace(EventBody(std::move(body).value()));
  } else {
    decoded.emplace(std::move(body).error());
  }
  return true;
}

template <class... T>
Result<EventBody> DecodeBody(const codec::Json& json, std::string_view word,
                             const std::variant<T...>*) {
  std::optional<Result<EventBody>> decoded;
  if ((DecodeAs<T>(json, word, decoded) || ...)) return *std::move(decoded);
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "vault.log_entry",
               .message = fmt::format("event '{}' is not known", word),
               .hint = "was it written by a newer lc2? Use that one"};
}

Result<LogEntry> Decode(const EnvironmentId& env, const RunId& run, std::int64_t number,
                        std::string_view bytes) {
  LC2_ASSIGN_OR_RETURN(const codec::Json json,
                       codec::ParseJson(bytes, {.max_bytes = kMaxLogEntryBytes}));
  if (!json.is_object()) return codec::ShapeError(codec::Path("entry"), "an object");
  const codec::JsonObject& object = json.get_object();
  LC2_ASSIGN_OR_RETURN(const auto project, Member<ProjectId>(object, "projectId"));
  LC2_ASSIGN_OR_RETURN(const auto environment, Member<EnvironmentName>(object, "environment"));
  LC2_ASSIGN_OR_RETURN(const auto run_id, Member<RunId>(object, "runId"));
  if (EnvironmentId{.project = project, .environment = environment} != env || run_id != run)
    return codec::ShapeError(codec::Path("runId"), "the run and environment of its key");
  LogEntry entry;
  LC2_ASSIGN_OR_RETURN(entry.number, Member<std::int64_t>(object, "number"));
  if (entry.number != number)
    return codec::ShapeError(codec::Path("number"),
                             fmt::format("{}, the number of its key", number));
  LC2_ASSIGN_OR_RETURN(entry.writer, Member<std::string>(object, "writer"));
  LC2_ASSIGN_OR_RETURN(entry.at, Member<Time>(object, "at"));
  LC2_ASSIGN_OR_RETURN(entry.who, Member<std::string>(object, "who"));
  LC2_ASSIGN_OR_RETURN(entry.why, Member<std::string>(object, "why"));
  LC2_ASSIGN_OR_RETURN(const std::string word, Member<std::string>(object, "event"));
  const codec::Json* body = object.if_contains(word);
  if (body == nullptr) return codec::ShapeError(codec::Path(word), "the event's body");
  constexpr const EventBody* kAllEvents = nullptr;
  LC2_ASSIGN_OR_RETURN(entry.body, DecodeBody(*body, word, kAllEvents));
  return entry;
}

}  // namespace

std::string_view EventWord(const EventBody& body) {
  return std::visit([](const auto& b) { return kWord<std::remove_cvref_t<decltype(b)>>; }, body);
}

std::string EncodeLogEntry(const EnvironmentId& env, const RunId& run, const LogEntry& entry) {
  const std::string word(EventWord(entry.body));
  codec::JsonObject json;
  json["number"] = entry.number;
  json["projectId"] = env.project.str();
  json["environment"] = env.environment.str();
  json["runId"] = run.str();
  json["event"] = word;
  json["writer"] = entry.writer;
  json["at"] = FormatRfc3339Millis(entry.at);
  json["who"] = entry.who;
  json["why"] = entry.why;
  json[word] = std::visit([](const auto& body) { return EncodeBody(body); }, entry.body);
  return codec::CanonicalJson(json);
}

Result<LogEntry> ParseLogEntry(const EnvironmentId& env, const RunId& run, std::int64_t number,
                               std::string_view bytes) {
  Result<LogEntry> entry = Decode(env, run, number, bytes);
  if (entry.has_value()) return entry;
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "vault.log_entry",
               .message = fmt::format("cannot read control log entry '{}': {}",
                                      ControlEntryKey(env, run, number), entry.error().message),
               .hint = entry.error().hint.empty()
                           ? "restore an older version of this object; nothing is deleted in this "
                             "environment while it is unreadable"
                           : entry.error().hint};
}

}  // namespace lc2::vault
