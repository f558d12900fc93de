#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include <boost/describe.hpp>

#include "codec/described.h"
#include "s3sim/simulator.h"

namespace lc2::s3sim {

namespace {

// The file, as it is written.
struct ThrottleFile {
  double writes_per_second = 0;
  double reads_per_second = 0;
  double burst_seconds = 1;
  std::int64_t depth = 1;
};
BOOST_DESCRIBE_STRUCT(ThrottleFile, (), (writes_per_second, reads_per_second, burst_seconds, depth))

struct LatencyFile {
  std::int64_t median_micros = 0;
  std::int64_t p99_micros = 0;
  std::int64_t per_mib_micros = 0;
};
BOOST_DESCRIBE_STRUCT(LatencyFile, (), (median_micros, p99_micros, per_mib_micros))

struct OrderedFile {
  std::string kind;
  std::string operation;
  std::string place;
  std::int64_t nth = 1;
};
BOOST_DESCRIBE_STRUCT(OrderedFile, (), (kind, operation, place, nth))

struct SimulatorFile {
  std::int64_t seed = 1;
  std::int64_t max_consecutive = 3;
  std::int64_t delay_millis = 500;
  std::int64_t clock_skew_seconds = 0;
  std::map<std::string, double> rates;
  std::vector<std::string> changing;
  std::vector<std::string> only;
  std::vector<OrderedFile> ordered;
  ThrottleFile throttle;
  LatencyFile latency;
};
BOOST_DESCRIBE_STRUCT(SimulatorFile, (),
                      (seed, max_consecutive, delay_millis, clock_skew_seconds, rates, changing,
                       only, ordered, throttle, latency))

Error Invalid(std::string why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "test.s3sim_options",
               .message = "options of the simulator: " + std::move(why)};
}

// A member that is misspelt would be a fault that never comes, and a test that proves nothing.
template <class T>
Result<void> CheckMembers(const codec::Json& json, const char* where) {
  std::vector<std::string> known;
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto member) { known.push_back(codec::CamelCase(member.name)); });
  for (const auto& member : json.as_object()) {
    if (std::find(known.begin(), known.end(), std::string(member.key())) == known.end()) {
      return Invalid(fmt::format("'{}' means nothing in {}", std::string(member.key()), where));
    }
  }
  return {};
}

Result<FaultOptions> FaultsOf(const SimulatorFile& file) {
  FaultOptions faults{.seed = static_cast<std::uint64_t>(file.seed),
                      .max_consecutive = static_cast<int>(file.max_consecutive),
                      .delay = std::chrono::milliseconds(file.delay_millis),
                      .changing = file.changing,
                      .only = file.only};
  for (const OrderedFile& order : file.ordered) {
    const auto kind = FaultKindOf(order.kind);
    if (!kind) return Invalid(fmt::format("'{}' is no kind of fault", order.kind));
    faults.ordered.push_back({*kind, order.operation, order.place, order.nth});
  }
  for (const auto& [name, rate] : file.rates) {
    const auto kind = FaultKindOf(name);
    if (!kind) return Invalid(fmt::format("'{}' is no kind of fault", name));
    if (!(rate >= 0 && rate <= 1)) return Invalid(fmt::format("the rate of '{}' is none", name));
    faults.rate(*kind) = rate;
  }
  // With room for what is lost when decimal fractions are added.
  if (std::accumulate(faults.rates.begin(), faults.rates.end(), 0.0) > 1.000001) {
    return Invalid("the rates are more than 1 together");
  }
  return faults;
}

}  // namespace

Result<SimulatorOptions> ParseSimulatorOptions(std::string_view json) {
  LC2_ASSIGN_OR_RETURN(const codec::Json parsed, codec::ParseJson(json));
  LC2_ASSIGN_OR_RETURN(const auto file, codec::Decode<SimulatorFile>(parsed));
  LC2_RETURN_IF_ERROR(CheckMembers<SimulatorFile>(parsed, "the file"));
  if (const auto* throttle = parsed.as_object().if_contains("throttle")) {
    LC2_RETURN_IF_ERROR(CheckMembers<ThrottleFile>(*throttle, "'throttle'"));
  }
  if (const auto* latency = parsed.as_object().if_contains("latency")) {
    LC2_RETURN_IF_ERROR(CheckMembers<LatencyFile>(*latency, "'latency'"));
  }
  if (const auto* ordered = parsed.as_object().if_contains("ordered")) {
    for (const codec::Json& order : ordered->as_array()) {
      LC2_RETURN_IF_ERROR(CheckMembers<OrderedFile>(order, "'ordered'"));
    }
  }
  LC2_ASSIGN_OR_RETURN(FaultOptions faults, FaultsOf(file));
  SimulatorOptions options;
  options.service.clock_skew = std::chrono::seconds(file.clock_skew_seconds);
  options.faults = std::move(faults);
  options.throttle = {.writes_per_second = file.throttle.writes_per_second,
                      .reads_per_second = file.throttle.reads_per_second,
                      .burst_seconds = file.throttle.burst_seconds,
                      .depth = static_cast<int>(file.throttle.depth)};
  options.latency = {.median = std::chrono::microseconds(file.latency.median_micros),
                     .p99 = std::chrono::microseconds(file.latency.p99_micros),
                     .per_mib = std::chrono::microseconds(file.latency.per_mib_micros)};
  return options;
}

}  // namespace lc2::s3sim
