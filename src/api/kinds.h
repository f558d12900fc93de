#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/schema.h"
#include "base/result.h"
#include "codec/json.h"

// The kinds that LC2 serves, read from the CustomResourceDefinitions in api/crds, which are part of
// the program.
namespace lc2::api {

// A column of `lc2 get`, besides the name and the age.
struct PrinterColumn {
  std::string name;  // "Project"
  std::string type;  // "string", "integer", "date"
  std::vector<std::string>
      path;           // {"spec", "projectId"}; a step "[Type]" is the condition's status
  bool wide = false;  // only with `-o wide`
};

struct Kind {
  std::string name;                      // "BackupRequest"
  std::string plural;                    // "backuprequests"
  std::string singular;                  // "backuprequest"
  std::vector<std::string> short_names;  // "br", "brs"
  bool cluster_scoped = false;
  std::vector<PrinterColumn> columns;
  Schema spec;
  Schema status;
  std::string crd;  // the definition itself, YAML
};

// In the order in which a person applies them: locations, environments, requests.
const std::vector<Kind>& Kinds();
// By any of its names, in any case; null if there is none.
const Kind* FindKind(std::string_view word);
// The same. Error: kInvalid "resource.unknown_kind", with what there is.
Result<const Kind*> RequireKind(std::string_view word);

// Reads one definition. Error: kInvalid "schema.invalid".
Result<Kind> ParseKind(std::string_view crd_yaml);

// The text of a column of an object; empty where it says nothing. Dates are RFC 3339.
std::string ColumnText(const PrinterColumn& column, const codec::Json& object);

}  // namespace lc2::api
