// The firings of schedules, for test/bars/safe.4 to compare with its own: of each line
// "ZONE<TAB>FROM<TAB>TO<TAB>EXPRESSION" (seconds since 1970) of standard input one line, the
// seconds of every firing in (FROM, TO], with a blank between two; or "error CODE".
#include <iostream>
#include <string>
#include <vector>

#include "api/cron.h"

namespace {

using lc2::Time;

std::vector<std::string> Cut(const std::string& line) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (parts.size() < 3) {
    const std::size_t end = line.find('\t', begin);
    if (end == std::string::npos) break;
    parts.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(line.substr(begin));
  return parts;
}

Time Seconds(const std::string& text) { return Time(std::chrono::seconds(std::stoll(text))); }

lc2::Result<std::string> Answer(const std::string& line) {
  const std::vector<std::string> parts = Cut(line);
  LC2_CHECK(parts.size() == 4);
  LC2_ASSIGN_OR_RETURN(const lc2::TimeZone zone, lc2::TimeZone::Find(parts[0]));
  LC2_ASSIGN_OR_RETURN(const auto cron, lc2::api::CronExpression::Parse(parts[3]));
  std::string answer;
  for (const Time firing : cron.Between(Seconds(parts[1]), Seconds(parts[2]), zone)) {
    const auto at = std::chrono::duration_cast<std::chrono::seconds>(firing.time_since_epoch());
    if (!answer.empty()) answer += ' ';
    answer += std::to_string(at.count());
  }
  return answer;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    const lc2::Result<std::string> answer = Answer(line);
    std::cout << (answer.has_value() ? answer.value() : "error " + answer.error().code) << '\n';
  }
  return 0;
}
