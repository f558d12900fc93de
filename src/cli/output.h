#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"

namespace lc2::cli {

enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };
// "table", "wide", "json", "yaml", "name"; kInvalid otherwise.
Result<OutputFormat> ParseOutputFormat(std::string_view word);

// Resources of one kind as text: JSON and YAML print the resource itself (a list as
// {"apiVersion": "v1", "kind": "List", "items": [...]}), name prints `kind/name`, the tables the
// columns of the kind.
std::string RenderResource(const codec::Json& resource, OutputFormat format, Time now);
std::string RenderResources(const std::vector<codec::Json>& resources, OutputFormat format,
                            Time now);

// Whether a program reads it: JSON or YAML.
inline bool IsForMachines(OutputFormat format) {
  return format == OutputFormat::kJson || format == OutputFormat::kYaml;
}

// "5m", "3h12m", "4d": as kubectl prints ages.
std::string Age(Time from, Time now);

// What a person sees when a command failed: the message, the request id where there is one, the
// hint. Several lines when the message has several.
std::string RenderError(const Error& error, bool color);

// The member at a dotted path as text; empty if it is not there.
std::string TextAt(const codec::Json& json, std::string_view dotted);

}  // namespace lc2::cli
