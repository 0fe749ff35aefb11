// Work in a process of its own, so that a subject that crashes, is stopped by a sanitizer, ends the process or never
// comes to an end gives an answer like any other, and nobody else is touched.
//
// A fork copies the calling thread alone; so a process that forks has only that one, and has used no oneTBB.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace kvproof {

// How long a child may go on without a sign of life. Neither clock runs while other programs use the machine.
struct Patience {
  double busy_seconds;    // of processor time, of all its threads together
  double asleep_seconds;  // while every thread of it sleeps
};

// For work whose steps take milliseconds, a second at most; longer in sanitized programs.
extern const Patience kPatience;
// For many steps of the same kind, where what is condemned is tried again with kPatience.
extern const Patience kShortPatience;

// Tells the process that watches this one, if there is any, that something new begins, such as a case.
void sign_of_life();

// How a child ended.
struct Ending {
  std::optional<std::string> answer;  // what the work returned
  std::string trouble;                // else: what became of the subject, in one line that is the same every time
  bool hung = false;                  // it was ended because patience was at an end
  std::string output;                 // the last of what it printed
};

class Child {
 public:
  using Work = std::function<std::string()>;

  // Forks; `work` runs in the child. Throws Error(kResource) if there cannot be another process. REQUIRES: this process
  // has one thread.
  Child(const Work& work, const Patience& patience);
  ~Child();  // ends it
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Takes what it wrote, and ends it if patience is at an end. To be called again and again, after wait_for.
  bool running();
  // REQUIRES: running() was false.
  const Ending& ending() const { return ending_; }

 private:
  friend void wait_for(std::span<Child* const> children);
  void take_what_it_wrote();
  void watch();
  void conclude(int status);

  const Patience patience_;
  pid_t pid_ = -1;                                          // -1 when it has ended
  int process_fd_ = -1, answer_fd_ = -1, printed_fd_ = -1;  // -1 when closed
  std::atomic<std::uint64_t>* signs_ = nullptr;             // of life; shared with the child
  std::uint64_t last_sign_ = 0;                             // and what was seen when it was last looked at
  double busy_at_sign_ = 0, busy_ = 0, looked_at_ = 0, asleep_ = 0;
  std::string answer_;
  Ending ending_;
};

// Sleeps until one of them wrote or ended, or for a moment.
void wait_for(std::span<Child* const> children);

Ending run_in_child(const Child::Work& work, const Patience& patience);

}  // namespace kvproof
