#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/commands_internal.h"
#include "control/webhook_call.h"
#include "net/transport.h"

namespace lc2::cli {

namespace {

Error NoWebhook(const EnvironmentId& env) {
  return Error{
      .kind = ErrorKind::kInvalid,
      .code = "notify.no_webhook",
      .message = fmt::format("neither environment '{}' nor its location has a webhook", env.str()),
      .hint = "write spec.webhook with url and secret.name, and apply it"};
}

Result<api::Webhook> FindWebhook(Session& session, const Home& home, const EnvironmentId& env) {
  ResourceStore& resources = home.deps().resources;
  LC2_ASSIGN_OR_RETURN(const auto environment,
                       GetAs<api::LiferayEnvironment>(session.ctx(), resources, "", env.str()));
  LC2_ASSIGN_OR_RETURN(
      const auto location,
      GetAs<api::BackupLocation>(session.ctx(), resources, "", environment.spec.backup_location));
  const std::optional<api::Webhook> webhook = control::WebhookOf(environment, location);
  if (!webhook) return NoWebhook(env);
  return *webhook;
}

// One call as `lc2 serve` makes it; nothing of it is written down.
Result<void> TestWebhook(Session& session) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(const api::Webhook webhook, FindWebhook(session, *home, env));
  LC2_ASSIGN_OR_RETURN(const SecretValues values, home->secrets().Read(webhook.secret.name));
  LC2_ASSIGN_OR_RETURN(const Secret key, control::ParseWebhookSecret(webhook.secret.name, values));
  const Time now = session.ctx().clock().Now();
  const std::string id = "msg_test_" + home->deps().random.Hex(12);
  const auto transport = net::MakeHttpTransport();
  LC2_ASSIGN_OR_RETURN(const net::HttpResponse answer,
                       transport->Send(session.ctx(),
                                       control::MakeWebhookRequest(
                                           webhook, key, id, control::MakeTestBody(env, now), now),
                                       control::kWebhookLimits));
  LC2_RETURN_IF_ERROR(control::JudgeWebhookResponse(answer));
  if (IsForMachines(session.format())) {
    session.Print(RenderResource(
        codec::JsonObject{{"environment", env.str()}, {"id", id}, {"status", answer.status}},
        session.format(), now));
    return {};
  }
  session.Print(fmt::format("the webhook of '{}' took the test event, status {}\n", env.str(),
                            answer.status));
  return {};
}

}  // namespace

void AddNotifyCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* notify = AddCommand(root, "notify", "webhooks of environments and locations",
                                "lc2 notify test --help");
  notify->require_subcommand(1);
  AddCommand(*notify, "test", "call the environment's webhook with a test event",
             "lc2 notify test --project retail --environment prd")
      ->callback([&chosen] { chosen.action = TestWebhook; });
}

}  // namespace lc2::cli
