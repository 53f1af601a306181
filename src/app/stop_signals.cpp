#include "app/stop_signals.hpp"

#include <csignal>

namespace shoal::app {
namespace {

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
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaction(number, &action, nullptr);
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
