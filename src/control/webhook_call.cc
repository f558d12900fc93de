#include "control/webhook_call.h"

#include <fmt/core.h>

#include <boost/json.hpp>

#include "base/hash.h"
#include "base/time_format.h"
#include "codec/described.h"

namespace lc2::control {

namespace {

constexpr std::string_view kEncodedPrefix = "whsec_";

Error BadSecret(const std::string& name, const std::string& why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "notify.secret",
               .message = fmt::format("secret '{}' cannot sign webhook calls: {}", name, why),
               .hint = fmt::format("put a random text of at least {} characters, or whsec_ and "
                                   "base64, into its key {}",
                                   kMinWebhookKeyBytes, kWebhookSecretKey)};
}

std::string TypeOf(const api::Delivery& delivery) {
  std::string event = codec::Word(delivery.event);
  event[0] = static_cast<char>(event[0] - 'A' + 'a');
  return (delivery.subject.kind == "RestoreRequest" ? "restore." : "backup.") + event;
}

std::string MakeBody(const std::string& type, Time time, codec::JsonObject data) {
  return codec::CompactJson(codec::JsonObject{{"version", "1"},
                                              {"type", type},
                                              {"timestamp", FormatRfc3339(time)},
                                              {"data", std::move(data)}});
}

codec::JsonObject DataOf(const EnvironmentId& env) {
  return {{"projectId", env.project.str()}, {"environment", env.environment.str()}};
}

}  // namespace

std::optional<api::Webhook> WebhookOf(const api::LiferayEnvironment& environment,
                                      const api::BackupLocation& location) {
  for (const api::Webhook& webhook : {environment.spec.webhook, location.spec.webhook}) {
    if (!webhook.url.empty()) return webhook;
  }
  return std::nullopt;
}

Result<Secret> ParseWebhookSecret(const std::string& name, const SecretValues& values) {
  const auto found = values.find(kWebhookSecretKey);
  if (found == values.end()) {
    return BadSecret(name, fmt::format("it has no key {}", kWebhookSecretKey));
  }
  const std::string& text = found->second.Expose();
  Secret key = found->second;
  if (text.starts_with(kEncodedPrefix)) {
    Result<std::string> bytes = ParseBase64(std::string_view(text).substr(kEncodedPrefix.size()));
    if (!bytes.has_value()) return BadSecret(name, "what follows whsec_ is not base64");
    key = Secret(std::move(bytes).value());
  }
  if (key.Expose().size() < kMinWebhookKeyBytes) {
    return BadSecret(name, fmt::format("it has only {} bytes", key.Expose().size()));
  }
  return key;
}

std::string MakeWebhookBody(const EnvironmentId& env, const api::Delivery& delivery) {
  codec::JsonObject data = DataOf(env);
  data["event"] = codec::Word(delivery.event);
  data["subject"] = codec::Encode(delivery.subject);
  data["backupId"] = delivery.backup_id;
  data["reason"] = delivery.reason;
  data["message"] = delivery.message;
  if (delivery.failing_since) data["failingSince"] = FormatRfc3339(*delivery.failing_since);
  return MakeBody(TypeOf(delivery), delivery.time.value_or(Time{}), std::move(data));
}

std::string MakeTestBody(const EnvironmentId& env, Time now) {
  codec::JsonObject data = DataOf(env);
  data["event"] = "Test";
  data["message"] = "sent by 'lc2 notify test'";
  return MakeBody("test", now, std::move(data));
}

std::string SignWebhook(const Secret& key, std::string_view id, std::int64_t seconds,
                        std::string_view body) {
  const Sha256Digest digest = HmacSha256(key.Expose(), fmt::format("{}.{}.{}", id, seconds, body));
  return "v1," + Base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

net::HttpRequest MakeWebhookRequest(const api::Webhook& webhook, const Secret& key,
                                    const std::string& id, std::string body, Time now) {
  const std::int64_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::string signature = SignWebhook(key, id, seconds, body);
  return {.method = "POST",
          .url = webhook.url,
          .headers = {{"content-type", "application/json"},
                      {"user-agent", "lc2"},
                      {"webhook-id", id},
                      {"webhook-timestamp", std::to_string(seconds)},
                      {"webhook-signature", std::move(signature)}},
          .body = std::move(body)};
}

Result<void> JudgeWebhookResponse(const net::HttpResponse& response) {
  if (response.status >= 200 && response.status < 300) return {};
  const bool redirect = response.status >= 300 && response.status < 400;
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "notify.refused",
               .message = fmt::format("the webhook answered with status {}", response.status),
               .hint = redirect ? "redirects are not followed: name the URL that they lead to"
                                : "what does the receiver's own log say?"};
}

}  // namespace lc2::control
