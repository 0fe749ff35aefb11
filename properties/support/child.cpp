#include "properties/support/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "properties/support/last_words.h"

namespace kvproof {
namespace {

constexpr double kSlower = kSanitized ? 10 : 1;
constexpr int kMomentMs = 20;
constexpr std::size_t kMostPrinted = 1 << 16;
constexpr rlim_t kMostMemory = rlim_t(4) << 30;  // a case needs less than 1 GiB; one without end must not take all

std::atomic<std::uint64_t>* signs_of_this_process = nullptr;

double seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

double processor_seconds(pid_t pid) {
  clockid_t clock;
  return clock_getcpuclockid(pid, &clock) == 0 ? seconds(clock) : 0;
}

[[noreturn]] void no_process(const char* what) {
  throw Error(ErrorCode::kResource, std::string("cannot start a process: ") + what + ": " + std::strerror(errno));
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) no_process("pipe");
    from = ends[0];
    to = ends[1];
    fcntl(from, F_SETFL, O_NONBLOCK);
  }
  int from, to;
};

// False at the end of what there is to read, now and for ever.
bool read_some(int fd, std::string& text) {
  char part[4096];
  ssize_t n;
  while ((n = read(fd, part, sizeof part)) > 0) text.append(part, std::size_t(n));
  return n < 0 && errno == EAGAIN;
}

void write_all(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = write(fd, text.data() + at, text.size() - at);
    if (n < 0 && errno != EINTR) return;
    if (n > 0) at += std::size_t(n);
  }
}

void close_once(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

// What a subject does to its process must end with it: no core files, not all of the memory, no life after the parent.
void confine(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  const rlimit no_core{0, 0}, memory{kMostMemory, kMostMemory};
  setrlimit(RLIMIT_CORE, &no_core);
  if (!kSanitized) setrlimit(RLIMIT_DATA, &memory);
}

// An exception that leaves the work ends the process, as it would have ended the program.
[[noreturn]] void be_the_child(const Child::Work& work, const Pipe& answer, const Pipe& printed) noexcept {
  dup2(printed.to, STDOUT_FILENO);
  dup2(printed.to, STDERR_FILENO);
  const std::string text = work();
  std::fflush(nullptr);
  write_all(answer.to, text);
  _exit(0);
}

}  // namespace

// The slowest of 40000 drawn cases took 0.75 s of processor time.
const Patience kPatience{4 * kSlower, 2 * kSlower};
const Patience kShortPatience{0.15 * kSlower, 0.2 * kSlower};

void sign_of_life() {
  if (signs_of_this_process) ++*signs_of_this_process;
}

Child::Child(const Work& work, const Patience& patience) : patience_(patience) {
  KVPROOF_CHECK(kOwnThreads || has_one_thread());
  void* shared = mmap(nullptr, sizeof *signs_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) no_process("shared memory");
  signs_ = new (shared) std::atomic<std::uint64_t>(0);
  const Pipe answer, printed;
  std::fflush(nullptr);  // what is not yet written must not be written twice
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) no_process("fork");
  if (pid_ == 0) {
    confine(parent);
    signs_of_this_process = signs_;
    be_the_child(work, answer, printed);
  }
  close(answer.to);
  close(printed.to);
  answer_fd_ = answer.from;
  printed_fd_ = printed.from;
  process_fd_ =
      int(syscall(SYS_pidfd_open, pid_, 0));  // readable when it ends; glibc 2.36 declares no function for C++
  looked_at_ = seconds(CLOCK_MONOTONIC);
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int* fd : {&process_fd_, &answer_fd_, &printed_fd_}) close_once(*fd);
  munmap(signs_, sizeof *signs_);
}

bool Child::running() {
  if (pid_ < 0) return false;
  take_what_it_wrote();
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) {
    watch();
    return true;
  }
  take_what_it_wrote();
  pid_ = -1;
  conclude(status);
  return false;
}

void Child::take_what_it_wrote() {
  if (answer_fd_ >= 0 && !read_some(answer_fd_, answer_)) close_once(answer_fd_);
  if (printed_fd_ >= 0 && !read_some(printed_fd_, ending_.output)) close_once(printed_fd_);
  if (ending_.output.size() > kMostPrinted) ending_.output.erase(0, ending_.output.size() - kMostPrinted);
}

void Child::watch() {
  const double now = seconds(CLOCK_MONOTONIC), busy = processor_seconds(pid_);
  const std::uint64_t sign = *signs_;
  if (sign != last_sign_) {
    last_sign_ = sign;
    busy_at_sign_ = busy;
    asleep_ = 0;
  } else if (busy > busy_ || !all_threads_sleep(pid_)) {
    asleep_ = 0;
  } else {
    asleep_ += std::min(now - looked_at_, 2e-3 * kMomentMs);  // this process may have been stopped as well
  }
  looked_at_ = now;
  busy_ = busy;
  if (busy - busy_at_sign_ <= patience_.busy_seconds && asleep_ <= patience_.asleep_seconds) return;
  if (!ending_.hung) ending_.trouble = hang_in_words(asleep_ > patience_.asleep_seconds);
  ending_.hung = true;
  kill(pid_, SIGKILL);
}

void Child::conclude(int status) {
  if (ending_.hung) return;
  const bool came_to_an_end = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !answer_.empty();
  ending_.trouble = last_words(status, ending_.output, came_to_an_end);
  if (ending_.trouble.empty()) ending_.answer = std::move(answer_);
}

void wait_for(std::span<Child* const> children) {
  std::vector<pollfd> handles;
  for (const Child* c : children) {
    for (const int fd : {c->process_fd_, c->answer_fd_, c->printed_fd_}) handles.push_back({fd, POLLIN, 0});
  }
  poll(handles.data(), handles.size(), kMomentMs);
}

Ending run_in_child(const Child::Work& work, const Patience& patience) {
  Child child(work, patience);
  Child* const one[] = {&child};
  while (child.running()) {
    sign_of_life();  // waiting is none of this process's faults
    wait_for(one);
  }
  return child.ending();
}

}  // namespace kvproof
