#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/file.h"
#include "base/io.h"

namespace lc2 {

struct ProcessOptions {
  std::vector<std::string> argv;  // argv[0] is the path of the program
  // The child's whole environment. Secrets do not belong here: other processes can read it.
  std::map<std::string, std::string> environment;
  bool pipe_stdin = false;   // else /dev/null
  bool pipe_stdout = false;  // else /dev/null
  // Descriptors the child gets under the same number (close-on-exec is lifted for it alone).
  std::vector<int> inherited;
};

// How a child ended: an exit code, or the signal that killed it.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  bool ok() const { return code == 0; }
  std::string str() const;  // "exit code 1", "signal 9"
};

// A child process of our own. It gets SIGTERM when this process dies, is killed and reaped by the
// destructor, and its standard error is drained by a thread that keeps the last 16 KiB.
class ChildProcess {
 public:
  // Errors: kNotFound (no such program), kDenied, kUnavailable.
  static Result<std::unique_ptr<ChildProcess>> Start(ProcessOptions options);
  virtual ~ChildProcess() = default;

  // The child's standard output; only with pipe_stdout. Ends with the pipe: that says nothing about
  // how the child ended, ask Wait().
  virtual ByteSource& output() = 0;
  // The child's standard input; only with pipe_stdin.
  virtual ByteSink& input() = 0;
  virtual void CloseInput() = 0;

  // Waits for the end. Once `ctx` is stopped or out of time the child gets SIGTERM, then SIGKILL
  // after a grace of 5 s, and the context's error is returned.
  virtual Result<ExitStatus> Wait(const Context& ctx) = 0;
  // Asks the child to end (SIGTERM); reading its output then ends soon. Thread-safe.
  virtual void Terminate() = 0;
  // The last 16 KiB of standard error; whole once Wait() has returned.
  virtual std::string stderr_tail() = 0;
};

// Runs a program to its end and returns its standard output (at most `limit` bytes). A failing exit
// status is an error with the tail of standard error in the message.
Result<std::string> RunForOutput(const Context& ctx, ProcessOptions options, std::int64_t limit);

}  // namespace lc2
