#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/json.h"

namespace lc2::control {

// Error <-> the JSON form in control logs: {kind, code, message, hint}. Whatever an attempt says of
// its end can be recorded: texts become valid and bounded, for a run whose log does not take its
// error could never be closed.
codec::Json EncodeError(const Error& error);
Error DecodeError(const codec::Json& json);

// `text` as a log entry or a status can hold it: UTF-8, of bounded length.
std::string Recordable(std::string_view text);
// What an error says in a condition: its description and its hint.
std::string MessageOf(const Error& error);

}  // namespace lc2::control
