#include <fmt/core.h>

#include <map>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "api/admission.h"
#include "api/backup_request.h"
#include "api/documents.h"
#include "api/fault.h"
#include "api/kinds.h"
#include "api/restore_request.h"
#include "api/schema.h"
#include "cli/commands_internal.h"
#include "cli/input_files.h"
#include "cli/serve_lock.h"
#include "cli/table.h"
#include "codec/yaml.h"
#include "control/backup_actions.h"
#include "control/driver.h"

namespace lc2::cli {

namespace {

// How a request ended, and what it is now.
struct Driven {
  codec::Json object;
  std::optional<Error> failed;
};
Result<Driven> Drive(Session& session, const ResourceRef& request) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  Driven driven;
  const Result<void> done = session.WithProgress([&]() -> Result<void> {
    LC2_ASSIGN_OR_RETURN(const control::Reconciled ended, DriveOrFollow(session, *home, request));
    driven.failed = ended.error;
    return {};
  });
  if (!done.has_value()) driven.failed = done.error();
  // Also of a run that failed or was cancelled: scripts read why from the resource.
  const Context own(session.ctx().clock(), session.ctx().log());
  LC2_ASSIGN_OR_RETURN(driven.object, home->deps().resources.Get(own, request));
  return driven;
}

// People say "environment" where the definition says "LiferayEnvironment".
Result<const api::Kind*> KindOf(const std::string& word) {
  static const std::map<std::string, std::string> kinds{
      {"env", "LiferayEnvironment"},         {"envs", "LiferayEnvironment"},
      {"environment", "LiferayEnvironment"}, {"environments", "LiferayEnvironment"},
      {"location", "BackupLocation"},        {"locations", "BackupLocation"},
      {"backup", "BackupRequest"},           {"backups", "BackupRequest"},
      {"restore", "RestoreRequest"},         {"restores", "RestoreRequest"},
      {"schedule", "BackupSchedule"},        {"schedules", "BackupSchedule"}};
  if (const api::Kind* kind = api::FindKind(word)) return kind;
  if (const auto known = kinds.find(word); known != kinds.end()) {
    return api::RequireKind(known->second);
  }
  std::vector<std::string> words;
  for (const auto& [alias, kind] : kinds) words.push_back(alias);
  for (const api::Kind& kind : api::Kinds()) words.push_back(kind.plural);
  const std::optional<std::string> meant = api::Nearest(word, words);
  return Error{.kind = ErrorKind::kInvalid,
               .code = "resource.unknown_kind",
               .message = fmt::format("'{}' is no kind of resource", word),
               .hint = (meant ? fmt::format("did you mean '{}'? ", *meant) : std::string()) +
                       "there are environments, locations, schedules, backuprequests (br) and "
                       "restorerequests (rr)"};
}

bool IsRequest(const std::string& kind) {
  return kind == "BackupRequest" || kind == "RestoreRequest";
}

std::string_view Word(ApplyOutcome outcome) {
  switch (outcome) {
    case ApplyOutcome::kCreated:
      return "created";
    case ApplyOutcome::kConfigured:
      return "configured";
    case ApplyOutcome::kUnchanged:
      break;
  }
  return "unchanged";
}

// What shows only beside other documents or beside what is stored.
Result<void> CheckTogether(Session& session, ResourceStore& store,
                           const std::vector<api::ResourceDocument>& documents) {
  api::Faults faults;
  std::map<std::string, const api::ResourceDocument*> seen;
  for (const api::ResourceDocument& document : documents) {
    LC2_ASSIGN_OR_RETURN(api::Faults found, CheckApply(session.ctx(), store, document.object));
    const auto [first, fresh] = seen.emplace(RefOf(document.object).str(), &document);
    if (!fresh) {
      found.push_back(
          {.path = "metadata.name",
           .message = fmt::format("{} stands in '{}' too", first->first, first->second->file)});
    }
    for (api::Fault& fault : found) {
      fault.file = document.file;
      fault.line = document.LineOf(fault.path);
      faults.push_back(std::move(fault));
    }
  }
  if (faults.empty()) return {};
  return api::FaultsError("this cannot be applied, nothing was changed", faults);
}

// What `apply` did, told at its end: machines get one document whatever the number of objects.
class Report {
 public:
  explicit Report(Session& session) : session_(session) {}

  void Add(const codec::Json& object, ApplyOutcome outcome) {
    objects_.push_back(object);
    if (session_.format() != OutputFormat::kTable && session_.format() != OutputFormat::kWide) {
      return;
    }
    std::string line = RenderResource(object, OutputFormat::kName, session_.ctx().clock().Now());
    line.pop_back();
    line += fmt::format(" {}", Word(outcome));
    if (const std::string state = TextAt(object, "status.state"); !state.empty()) {
      line += ", " + state;
    }
    session_.Print(line + "\n");
  }

  void Finish() const {
    const Time now = session_.ctx().clock().Now();
    switch (session_.format()) {
      case OutputFormat::kTable:
      case OutputFormat::kWide:
        return;
      case OutputFormat::kName:
        return session_.Print(RenderResources(objects_, session_.format(), now));
      case OutputFormat::kJson:
      case OutputFormat::kYaml:
        break;
    }
    if (objects_.empty()) return;
    session_.Print(objects_.size() == 1 ? RenderResource(objects_.front(), session_.format(), now)
                                        : RenderResources(objects_, session_.format(), now));
  }

 private:
  Session& session_;
  std::vector<codec::Json> objects_;
};

Result<void> ApplyOne(Session& session, Home& home, const api::ResourceDocument& document,
                      bool wait, Report& report) {
  LC2_ASSIGN_OR_RETURN(const Applied applied,
                       Apply(session.ctx(), home.deps().resources, document.object));
  if (!IsRequest(document.kind) || (!wait && IsServed(home.folder()))) {
    report.Add(applied.object, applied.outcome);
    return {};
  }
  LC2_ASSIGN_OR_RETURN(const Driven driven, Drive(session, RefOf(applied.object)));
  report.Add(driven.object, applied.outcome);
  if (driven.failed) return *driven.failed;
  return {};
}

// Nothing is stored unless every document of every file is right.
Result<void> ApplyFiles(Session& session, const std::vector<std::string>& named, bool wait) {
  LC2_ASSIGN_OR_RETURN(const auto files, ExpandFiles(named));
  LC2_ASSIGN_OR_RETURN(const auto documents, LoadFiles(files));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_RETURN_IF_ERROR(CheckTogether(session, home->deps().resources, documents));
  Report report(session);
  Result<void> done;
  for (const api::ResourceDocument& document : documents) {
    done = ApplyOne(session, *home, document, wait, report);
    if (!done.has_value()) break;
  }
  report.Finish();
  return done;
}

struct Selection {
  std::string kind;
  std::string name;
  std::string name_space;
};

// A namespaced kind without a namespace means the chosen environment's; a list without any choice
// shows all.
Result<std::string> NamespaceFor(Session& session, const api::Kind& kind,
                                 const Selection& selection) {
  if (kind.cluster_scoped || !selection.name_space.empty()) return selection.name_space;
  const GlobalOptions& options = session.options();
  if (selection.name.empty() && options.project.empty() && options.environment.empty()) {
    return std::string();
  }
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  const auto environment =
      GetAs<api::LiferayEnvironment>(session.ctx(), home->deps().resources, "", env.str());
  return environment.has_value() ? api::NamespaceOf(*environment) : api::DefaultNamespace(env);
}

Result<void> Get(Session& session, const Selection& selection) {
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, KindOf(selection.kind));
  LC2_ASSIGN_OR_RETURN(const std::string name_space, NamespaceFor(session, *kind, selection));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  const Time now = session.ctx().clock().Now();
  if (!selection.name.empty()) {
    LC2_ASSIGN_OR_RETURN(
        const codec::Json object,
        home->deps().resources.Get(session.ctx(), {kind->name, name_space, selection.name}));
    session.Print(RenderResource(object, session.format(), now));
    return {};
  }
  LC2_ASSIGN_OR_RETURN(
      const ResourceList list,
      home->deps().resources.List(session.ctx(),
                                  {.kind = kind->name, .namespace_ = name_space, .labels = {}}));
  if (list.items.empty()) session.Remark("there are no " + kind->plural);
  session.Print(RenderResources(list.items, session.format(), now));
  return {};
}

Result<void> Describe(Session& session, const Selection& selection) {
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, KindOf(selection.kind));
  LC2_ASSIGN_OR_RETURN(const std::string name_space, NamespaceFor(session, *kind, selection));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(
      codec::Json object,
      home->deps().resources.Get(session.ctx(), {kind->name, name_space, selection.name}));
  if (session.format() == OutputFormat::kJson || session.format() == OutputFormat::kYaml) {
    session.Print(RenderResource(object, session.format(), session.ctx().clock().Now()));
    return {};
  }
  codec::Json conditions;
  if (codec::Json* status = object.get_object().if_contains("status")) {
    if (codec::Json* found = status->get_object().if_contains("conditions")) {
      conditions = *found;
      status->get_object().erase("conditions");
    }
  }
  session.Print(codec::PrintYaml(object));
  if (!conditions.is_array()) return {};
  Table table({"CONDITION", "STATUS", "REASON", "MESSAGE"});
  for (const codec::Json& condition : conditions.get_array()) {
    table.Add({TextAt(condition, "type"), TextAt(condition, "status"), TextAt(condition, "reason"),
               TextAt(condition, "message")});
  }
  session.Print("\n" + table.str());
  return {};
}

// What deleting a request does to its data is the request's own word.
Result<void> DeleteData(Session& session, Home& home, const codec::Json& request) {
  if (TextAt(request, "spec.deletionPolicy") != "Delete") return {};
  const std::string id = TextAt(request, "status.backupId");
  if (id.empty() || TextAt(request, "status.state") != "Succeeded") return {};
  LC2_ASSIGN_OR_RETURN(auto at, control::OpenNamespace(session.ctx(), home.deps(),
                                                       TextAt(request, "metadata.namespace"),
                                                       provider::VaultAccess::kWrite));
  LC2_RETURN_IF_ERROR(control::DeleteBackup(session.ctx(), home.deps(), at, BackupId(id),
                                            "its request was deleted"));
  return {};
}

Result<void> Delete(Session& session, const Selection& selection) {
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, KindOf(selection.kind));
  LC2_ASSIGN_OR_RETURN(const std::string name_space, NamespaceFor(session, *kind, selection));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  const ResourceRef ref{kind->name, name_space, selection.name};
  LC2_ASSIGN_OR_RETURN(const codec::Json object, home->deps().resources.Get(session.ctx(), ref));
  if (kind->name == "BackupRequest") {
    LC2_RETURN_IF_ERROR(DeleteData(session, *home, object));
  }
  LC2_RETURN_IF_ERROR(
      home->deps().resources.Delete(session.ctx(), ref, {.uid = TextAt(object, "metadata.uid")}));
  session.Print(fmt::format("{} '{}' deleted\n", kind->singular, selection.name));
  return {};
}

void AddSelection(CLI::App& command, Selection& selection) {
  command
      .add_option("kind", selection.kind,
                  "environment, location, br, rr, bs, or the kind's whole name; or KIND/NAME")
      ->required();
  command.add_option("name", selection.name, "name of the object");
  command.add_option("-n,--namespace", selection.name_space, "namespace of the object");
}

// "backuprequest/nightly", as `-o name` prints it, is both words in one.
Result<Selection> Completed(Selection selection, const std::string& verb, bool name_required) {
  const std::size_t slash = selection.kind.find('/');
  if (slash != std::string::npos && selection.name.empty()) {
    selection.name = selection.kind.substr(slash + 1);
    selection.kind.resize(slash);
  }
  if (!selection.name.empty() || !name_required) return selection;
  return Error{
      .kind = ErrorKind::kInvalid,
      .code = "cli.usage",
      .message = fmt::format("'lc2 {}' needs the argument NAME (name of the object)", verb),
      .hint = fmt::format("`lc2 get {} -o name` lists them", selection.kind)};
}

bool IsFinished(const codec::Json& object) {
  if (RefOf(object).kind == api::BackupRequest::kKind) {
    const auto backup = api::DecodeResource<api::BackupRequest>(object);
    return !backup.has_value() || api::IsTerminal(*backup);
  }
  const auto restore = api::DecodeResource<api::RestoreRequest>(object);
  return !restore.has_value() || api::IsTerminal(*restore);
}

// What a command that was killed left is taken up where the same command is given again. A request
// that came to its end is none of this: who gives its name again, every night perhaps, wants
// another backup and must not be told of the old one as if it were new.
Result<ResourceRef> TakeUp(Session& session, const codec::Json& request, const Error& taken) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const codec::Json existing,
                       home->deps().resources.Get(session.ctx(), RefOf(request)));
  Error error = taken;
  if (IsFinished(existing)) {
    error.message += fmt::format(", it ended as {}", TextAt(existing, "status.state"));
    return error;
  }
  const api::Admitted admitted = api::AdmitNew(request);
  if (!admitted.faults.empty() || admitted.object.at("spec") != existing.at("spec")) {
    error.message += ", which is not finished and asks for something else";
    return error;
  }
  session.Remark(fmt::format("'{}' was begun before and is taken up", RefOf(existing).name));
  return RefOf(existing);
}

}  // namespace

Result<ResourceRef> CreateRequest(Session& session, const codec::Json& request) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  const Result<codec::Json> created = home->deps().resources.Create(session.ctx(), request);
  if (created.has_value()) return RefOf(*created);
  if (created.error().kind != ErrorKind::kAlreadyExists) return created.error();
  return TakeUp(session, request, created.error());
}

Result<control::Reconciled> DriveOrFollow(Session& session, Home& home,
                                          const ResourceRef& request) {
  const auto served = [&home] { return IsServed(home.folder()); };
  if (served()) return control::Follow(session.ctx(), home.deps(), request, served);
  return control::Drive(session.ctx(), home.deps(), request);
}

Result<void> RunRequest(Session& session, const codec::Json& request) {
  LC2_ASSIGN_OR_RETURN(const ResourceRef ref, CreateRequest(session, request));
  LC2_ASSIGN_OR_RETURN(const Driven driven, Drive(session, ref));
  session.Print(RenderResource(driven.object, session.format(), session.ctx().clock().Now()));
  if (driven.failed) return *driven.failed;
  return {};
}

Result<std::vector<std::string>> ObjectNames(Session& session, const std::string& word) {
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, KindOf(word));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const ResourceList list,
                       home->deps().resources.List(
                           session.ctx(), {.kind = kind->name, .namespace_ = {}, .labels = {}}));
  std::vector<std::string> names;
  for (const codec::Json& item : list.items) names.push_back(TextAt(item, "metadata.name"));
  return names;
}

void AddResourceCommands(CLI::App& root, Chosen& chosen) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* apply = AddCommand(root, "apply", "create or change resources from YAML files",
                               "lc2 apply -f environment.yaml");
  apply
      ->add_option("-f,--filename", *files,
                   "YAML or JSON files, folders of them, or '-' for standard input")
      ->type_name("FILE")
      ->required();
  auto wait = std::make_shared<bool>(false);
  apply->add_flag("--wait", *wait,
                  "wait for requests to end (always the case without `lc2 serve`)");
  apply->callback([&chosen, files, wait] {
    chosen.action = [files, wait](Session& session) { return ApplyFiles(session, *files, *wait); };
  });

  struct Verb {
    const char* name;
    const char* about;
    const char* example;
    Result<void> (*run)(Session&, const Selection&);
    bool name_required;
  };
  for (const Verb& verb :
       {Verb{"get", "list resources, or show one", "lc2 get environments -o wide", Get, false},
        Verb{"describe", "show one resource with its conditions",
             "lc2 describe environment retail-prd", Describe, true},
        Verb{"delete", "remove a resource (data stays unless deletionPolicy is Delete)",
             "lc2 delete backuprequest nightly -n proj-retail-prd", Delete, true}}) {
    auto selection = std::make_shared<Selection>();
    CLI::App* command = AddCommand(root, verb.name, verb.about, verb.example);
    AddSelection(*command, *selection);
    command->callback([&chosen, selection, verb] {
      chosen.action = [selection, verb](Session& session) -> Result<void> {
        LC2_ASSIGN_OR_RETURN(const Selection completed,
                             Completed(*selection, verb.name, verb.name_required));
        return verb.run(session, completed);
      };
    });
  }
}

}  // namespace lc2::cli
