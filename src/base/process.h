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
  // Descriptors (above 2) the child gets under the same number (close-on-exec is lifted for it
  // alone).
  std::vector<int> inherited;
  // How long the child has between SIGTERM and SIGKILL.
  std::chrono::milliseconds grace{5000};
};

// How a child ended: an exit code, or the signal that killed it. Neither where somebody else reaped
// it (a process that ignores SIGCHLD): nobody knows then, and it is not ok.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  bool ok() const { return code == 0; }
  std::string str() const;  // "exit code 1", "signal 9"
};

// A child process of our own, in a session and process group of its own (it cannot ask for
// passwords on our terminal, nor gets its Ctrl-C). A thread of its own starts it, drains its
// standard error, of which the last 16 KiB are kept, and reaps it. When this process dies the child
// gets SIGTERM; the destructor kills it with its group.
//
// Linux ties that SIGTERM (PR_SET_PDEATHSIG) to the life of the thread that forked, not of the
// process: from a pool's thread a child would be killed once the thread has nothing more to do. The
// child's own thread lives exactly as long as the child, so any thread may start one and hand it
// on.
class ChildProcess {
 public:
  // `ctx` watches over the child until it has ended: once stopped or out of time, the child is
  // ended as by Terminate(), so that reading its output ends too, and Wait() returns the context's
  // error. Errors: kNotFound (no such program), kDenied, kUnavailable, those of `ctx`.
  static Result<std::unique_ptr<ChildProcess>> Start(const Context& ctx, ProcessOptions options);
  // A child that nothing ends but Wait(), Terminate() and the destructor.
  static Result<std::unique_ptr<ChildProcess>> Start(ProcessOptions options);
  virtual ~ChildProcess() = default;

  // The child's standard output; only with pipe_stdout. Ends with the pipe: that says nothing about
  // how the child ended, ask Wait(). kCancelled "process.terminated" where a terminated child left
  // the pipe to somebody else who does not end.
  virtual ByteSource& output() = 0;
  // The child's standard input; only with pipe_stdin. kUnavailable "file.reader_gone" when the
  // child does not read on (no SIGPIPE is raised): ask Wait() why.
  virtual ByteSink& input() = 0;
  virtual void CloseInput() = 0;

  // Waits for the end. Once `ctx` is stopped or out of time the child is ended as by Terminate(),
  // and the context's error is returned.
  virtual Result<ExitStatus> Wait(const Context& ctx) = 0;
  // Asks the child and its group to end (SIGTERM), and kills them after the grace; reading its
  // output then ends soon. Returns at once. Thread-safe.
  virtual void Terminate() = 0;
  // The last 16 KiB of standard error; whole once Wait() has returned (what a grandchild writes
  // more than 500 ms after the child's end is not waited for).
  virtual std::string stderr_tail() = 0;
};

// Runs a program to its end and returns its standard output (at most `limit` bytes). A failing exit
// status is an error with the end of standard error in the message.
Result<std::string> RunForOutput(const Context& ctx, ProcessOptions options, std::int64_t limit);

}  // namespace lc2
