#include "api/documents.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

#include <boost/json.hpp>

#include "api/admission.h"
#include "api/kinds.h"
#include "codec/yaml.h"

namespace lc2::api {

namespace {

using codec::Json;
using codec::JsonObject;
using codec::Path;

bool IsList(const Json& value) {
  if (!value.is_object()) return false;
  const Json* kind = value.get_object().if_contains("kind");
  const Json* items = value.get_object().if_contains("items");
  return kind != nullptr && *kind == Json("List") && items != nullptr && items->is_array();
}

std::string ResourceVersionOf(const Json& object) {
  const Json* metadata = object.is_object() ? object.get_object().if_contains("metadata") : nullptr;
  if (metadata == nullptr || !metadata->is_object()) return {};
  const Json* version = metadata->get_object().if_contains("resourceVersion");
  return version != nullptr && version->is_string() ? std::string(version->get_string())
                                                    : std::string();
}

class Loader {
 public:
  explicit Loader(std::string_view file) : file_(file) {}

  void Load(const std::shared_ptr<const codec::YamlDocument>& document) {
    if (!IsList(document->value)) return LoadObject(document, document->value, Path());
    const codec::JsonArray& items = document->value.at("items").get_array();
    for (std::size_t i = 0; i < items.size(); ++i) {
      LoadObject(document, items[i], Path("items")[i]);
    }
  }

  Result<std::vector<ResourceDocument>> Finish() {
    if (!faults_.empty()) {
      return FaultsError(fmt::format("'{}' is not valid, nothing was changed", file_), faults_);
    }
    if (documents_.empty()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "resource.none",
                   .message = fmt::format("'{}' holds no resource", file_),
                   .hint = "a resource has apiVersion, kind, metadata and spec"};
    }
    // What requests refer to comes first.
    std::stable_sort(documents_.begin(), documents_.end(), [](const auto& a, const auto& b) {
      return FindKind(a.kind) < FindKind(b.kind);  // both point into Kinds()
    });
    return std::move(documents_);
  }

 private:
  void LoadObject(const std::shared_ptr<const codec::YamlDocument>& document, const Json& object,
                  const Path& place) {
    const int line = place.str().empty() ? document->line : document->LineOf(place.str());
    Admitted admitted = AdmitNew(object);
    for (Fault& fault : admitted.faults) {
      fault.file = file_;
      fault.line = fault.path.empty() ? line : document->LineOf((place / fault.path).str());
      faults_.push_back(std::move(fault));
    }
    if (!admitted.faults.empty()) return;
    ResourceDocument loaded{.file = file_,
                            .line = line,
                            .kind = std::string(admitted.object.at("kind").get_string()),
                            .object = std::move(admitted.object),
                            .source = document,
                            .place = place};
    JsonObject& metadata = loaded.object.at("metadata").get_object();
    const Json* name_space = metadata.if_contains("namespace");
    const auto identity =
        std::tuple(loaded.kind, name_space == nullptr ? "" : codec::CompactJson(*name_space),
                   std::string(metadata.at("name").get_string()));
    if (!seen_.insert(identity).second) {
      faults_.push_back(Fault{.path = "metadata.name",
                              .message = fmt::format("{} '{}' stands in the file twice",
                                                     loaded.kind, std::get<2>(identity)),
                              .file = file_,
                              .line = line});
    }
    if (std::string version = ResourceVersionOf(object); !version.empty()) {
      metadata["resourceVersion"] = std::move(version);  // guards the change, see Apply()
    }
    documents_.push_back(std::move(loaded));
  }

  const std::string file_;
  std::vector<ResourceDocument> documents_;
  Faults faults_;
  std::set<std::tuple<std::string, std::string, std::string>> seen_;
};

}  // namespace

Result<std::vector<ResourceDocument>> LoadManifests(std::string_view file_name,
                                                    std::string_view text) {
  Result<std::vector<codec::YamlDocument>> parsed = codec::ParseYaml(text);
  if (!parsed.has_value()) {
    Error error = std::move(parsed).error();
    // "line 7: why" becomes "env.yaml:7: why", as of every other fault.
    constexpr std::string_view kLine = "line ";
    const bool has_line = error.message.starts_with(kLine);
    error.message =
        fmt::format("'{}' cannot be read, nothing was changed\n  {}:{}{}", file_name, file_name,
                    has_line ? "" : " ", error.message.substr(has_line ? kLine.size() : 0));
    return error;
  }
  Loader loader(file_name);
  for (codec::YamlDocument& document : *parsed) {
    loader.Load(std::make_shared<const codec::YamlDocument>(std::move(document)));
  }
  return loader.Finish();
}

}  // namespace lc2::api
