#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/backup_location.h"
#include "api/liferay_environment.h"
#include "base/secret.h"
#include "base/secret_source.h"
#include "net/transport.h"

namespace lc2::control {

// One call of a webhook, as https://github.com/standard-webhooks/standard-webhooks (specification
// 1.0) wants it: what is sent (docs/notifications.md), how it is signed, what an answer means.
// Pure.

inline constexpr const char* kWebhookSecretKey = "webhookSecret";
inline constexpr std::size_t kMinWebhookKeyBytes = 24;  // of the specification

// The environment's own webhook, else its location's; nothing where neither has a URL.
std::optional<api::Webhook> WebhookOf(const api::LiferayEnvironment& environment,
                                      const api::BackupLocation& location);

// The bytes that sign: those that follow "whsec_" in base64, or the text as it is. Errors: kInvalid
// "notify.secret" (no such key, less than 24 bytes, not base64).
Result<Secret> ParseWebhookSecret(const std::string& name, const SecretValues& values);

// The body that tells of a delivery, JSON; equal deliveries give equal bytes.
std::string MakeWebhookBody(const EnvironmentId& env, const api::Delivery& delivery);
// The body of `lc2 notify test`.
std::string MakeTestBody(const EnvironmentId& env, Time now);

// "v1,<base64>": HMAC-SHA-256 over "<id>.<seconds since 1970>.<body>".
std::string SignWebhook(const Secret& key, std::string_view id, std::int64_t seconds,
                        std::string_view body);

// POST with the headers webhook-id, webhook-timestamp (of this attempt) and webhook-signature.
net::HttpRequest MakeWebhookRequest(const api::Webhook& webhook, const Secret& key,
                                    const std::string& id, std::string body, Time now);

// Any status from 200 to 299 takes the event. Error: kUnavailable "notify.refused".
Result<void> JudgeWebhookResponse(const net::HttpResponse& response);

// A receiver that hangs is given up after this long.
inline constexpr net::ExchangeLimits kWebhookLimits{.connect = std::chrono::milliseconds(5'000),
                                                    .total = std::chrono::milliseconds(10'000),
                                                    .max_response_bytes = 64 * 1024};

}  // namespace lc2::control
