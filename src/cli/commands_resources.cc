#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <map>
#include <optional>

#include "api/documents.h"
#include "api/fault.h"
#include "api/kinds.h"
#include "base/file.h"
#include "cli/commands_internal.h"
#include "cli/table.h"
#include "codec/yaml.h"
#include "control/backup_actions.h"
#include "control/driver.h"

namespace lc2::cli {

namespace {

constexpr std::int64_t kMaxManifestFile = 4 << 20;
constexpr int kStandardInput = 0;

Result<std::string> ReadInput(const std::string& file) {
  if (file != "-") return ReadFile(file, kMaxManifestFile);
  FdSource source(kStandardInput, "standard input");
  return ReadAll(source, kMaxManifestFile);
}

// What is wrong with several files becomes one error: an invalid file decides its kind.
class Problems {
 public:
  void Add(const Error& error) {
    if (!all_) {
      all_ = error;
      return;
    }
    const std::string message = all_->message + "\n" + error.message;
    if (all_->kind != ErrorKind::kInvalid && error.kind == ErrorKind::kInvalid) all_ = error;
    all_->message = message;
  }
  const std::optional<Error>& all() const { return all_; }

 private:
  std::optional<Error> all_;
};

// All documents of all files, or all faults of all files: nothing is stored unless everything fits.
Result<std::vector<api::ResourceDocument>> LoadAll(const std::vector<std::string>& files) {
  std::vector<api::ResourceDocument> all;
  Problems problems;
  for (const std::string& file : files) {
    const Result<std::string> text = ReadInput(file);
    if (!text.has_value()) {
      problems.Add(text.error());
      continue;
    }
    Result<std::vector<api::ResourceDocument>> documents = api::LoadManifests(file, *text);
    if (!documents.has_value()) {
      problems.Add(documents.error());
      continue;
    }
    for (api::ResourceDocument& document : *documents) all.push_back(std::move(document));
  }
  if (problems.all()) return *problems.all();
  return all;
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
      found.push_back({.path = "metadata.name",
                       .message = fmt::format("{} stands in '{}' too", first->first,
                                              first->second->file)});
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

bool IsRequest(const std::string& kind) {
  return kind == "BackupRequest" || kind == "RestoreRequest";
}

std::string_view Word(ApplyOutcome outcome) {
  switch (outcome) {
    case ApplyOutcome::kCreated: return "created";
    case ApplyOutcome::kConfigured: return "configured";
    case ApplyOutcome::kUnchanged: return "unchanged";
  }
  return "";
}

Result<void> ApplyFiles(Session& session, const std::vector<std::string>& files) {
  LC2_ASSIGN_OR_RETURN(const auto documents, LoadAll(files));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_RETURN_IF_ERROR(CheckTogether(session, home->deps().resources, documents));
  for (const api::ResourceDocument& document : documents) {
    LC2_ASSIGN_OR_RETURN(const Applied applied,
                         Apply(session.ctx(), home->deps().resources, document.object));
    if (IsRequest(document.kind)) {
      LC2_RETURN_IF_ERROR(DriveRequest(session, RefOf(applied.object)));
      continue;
    }
    if (session.format() == OutputFormat::kTable) {
      std::string name = RenderResource(applied.object, OutputFormat::kName,
                                        session.ctx().clock().Now());
      name.pop_back();
      session.Print(fmt::format("{} {}\n", name, Word(applied.outcome)));
    } else {
      session.Print(RenderResource(applied.object, session.format(), session.ctx().clock().Now()));
    }
  }
  return {};
}

struct Selection {
  std::string kind;
  std::string name;
  std::string name_space;
};

// A namespaced kind without a namespace means the chosen environment's.
Result<std::string> NamespaceFor(Session& session, const api::Kind& kind,
                                 const Selection& selection) {
  if (kind.cluster_scoped || !selection.name_space.empty()) return selection.name_space;
  if (selection.name.empty()) return std::string();
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  return api::DefaultNamespace(env);
}

Result<void> Get(Session& session, const Selection& selection) {
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(selection.kind));
  LC2_ASSIGN_OR_RETURN(const std::string name_space, NamespaceFor(session, *kind, selection));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  const Time now = session.ctx().clock().Now();
  if (!selection.name.empty()) {
    LC2_ASSIGN_OR_RETURN(const codec::Json object,
                         home->deps().resources.Get(
                             session.ctx(), {kind->name, name_space, selection.name}));
    session.Print(RenderResource(object, session.format(), now));
    return {};
  }
  LC2_ASSIGN_OR_RETURN(
      const ResourceList list,
      home->deps().resources.List(session.ctx(),
                                  {.kind = kind->name, .namespace_ = name_space, .labels = {}}));
  if (list.items.empty()) session.Remark("no " + kind->plural + " found");
  session.Print(RenderResources(list.items, session.format(), now));
  return {};
}

Result<void> Describe(Session& session, const Selection& selection) {
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(selection.kind));
  LC2_ASSIGN_OR_RETURN(const std::string name_space, NamespaceFor(session, *kind, selection));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_ASSIGN_OR_RETURN(codec::Json object,
                       home->deps().resources.Get(session.ctx(),
                                                  {kind->name, name_space, selection.name}));
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
    table.Add({TextAt(condition, "type"), TextAt(condition, "status"),
               TextAt(condition, "reason"), TextAt(condition, "message")});
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
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(selection.kind));
  LC2_ASSIGN_OR_RETURN(const std::string name_space, NamespaceFor(session, *kind, selection));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  const ResourceRef ref{kind->name, name_space, selection.name};
  LC2_ASSIGN_OR_RETURN(const codec::Json object, home->deps().resources.Get(session.ctx(), ref));
  if (kind->name == "BackupRequest") {
    LC2_RETURN_IF_ERROR(DeleteData(session, *home, object));
  }
  LC2_RETURN_IF_ERROR(home->deps().resources.Delete(session.ctx(), ref,
                                                    {.uid = TextAt(object, "metadata.uid")}));
  session.Print(fmt::format("{} '{}' deleted\n", kind->singular, selection.name));
  return {};
}

void AddSelection(CLI::App& command, Selection& selection, bool name_required) {
  command.add_option("kind", selection.kind, "kind, plural or short name (environment, br, ...)")
      ->required();
  CLI::Option* name = command.add_option("name", selection.name, "name of the object");
  if (name_required) name->required();
  command.add_option("-n,--namespace", selection.name_space, "namespace of the object");
}

}  // namespace

Result<void> DriveRequest(Session& session, const ResourceRef& request) {
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  std::optional<Error> failed;
  LC2_RETURN_IF_ERROR(session.WithProgress([&]() -> Result<void> {
    LC2_ASSIGN_OR_RETURN(const control::Reconciled ended,
                         control::Drive(session.ctx(), home->deps(), request));
    failed = ended.error;
    return {};
  }));
  // Also of a failed run: scripts read why from the resource.
  const Context own(session.ctx().clock(), session.ctx().log());
  LC2_ASSIGN_OR_RETURN(const codec::Json object, home->deps().resources.Get(own, request));
  session.Print(RenderResource(object, session.format(), session.ctx().clock().Now()));
  if (failed) return *failed;
  return {};
}

Result<void> RunRequest(Session& session, const codec::Json& request) {
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_ASSIGN_OR_RETURN(const codec::Json created,
                       home->deps().resources.Create(session.ctx(), request));
  return DriveRequest(session, RefOf(created));
}

void AddResourceCommands(CLI::App& root, Chosen& chosen) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* apply = AddCommand(root, "apply", "create or change resources from YAML files",
                               "lc2 apply -f environment.yaml");
  apply->add_option("-f,--filename", *files, "YAML or JSON file, '-' for standard input")
      ->required();
  apply->add_flag_callback("--wait", [] {},
                           "wait for requests to end (always the case without `lc2 serve`)");
  apply->callback([&chosen, files] {
    chosen.action = [files](Session& session) { return ApplyFiles(session, *files); };
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
    AddSelection(*command, *selection, verb.name_required);
    command->callback([&chosen, selection, run = verb.run] {
      chosen.action = [selection, run](Session& session) { return run(session, *selection); };
    });
  }
}

}  // namespace lc2::cli
