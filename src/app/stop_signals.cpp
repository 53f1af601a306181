#include "app/stop_signals.hpp"

#include <array>
#include <csignal>

namespace shoal::app {
namespace {

constexpr std::array stop_signals = {SIGTERM, SIGINT, SIGUSR1};

volatile std::sig_atomic_t noted = 0;

extern "C" void note(int number) {
  if (number == SIGINT && noted == SIGINT) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  if (noted == 0 || number == SIGINT) noted = number;
}

}  // namespace

void note_stop_signals() {
  struct sigaction action {};
  action.sa_handler = note;  // NOLINT: POSIX
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int number : stop_signals) sigaction(number, &action, nullptr);
}

BlockedStopSignals::BlockedStopSignals() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int number : stop_signals) sigaddset(&blocked, number);
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

BlockedStopSignals::~BlockedStopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void forget_stop_signals() {
  for (const int number : stop_signals) std::signal(number, SIG_DFL);
  if (noted != 0) std::raise(noted);
}

std::optional<std::string> noted_stop_signal() {
  switch (noted) {
    case 0:
      return std::nullopt;
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    default:
      return "SIGUSR1";
  }
}

}  // namespace shoal::app
