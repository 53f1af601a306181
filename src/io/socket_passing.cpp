#include "io/socket_passing.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace shoal {
namespace {

/// One number, with room for one socket.
class SocketMessage {
 public:
  explicit SocketMessage(std::uint64_t& number) : number_{&number, sizeof number} {
    header_.msg_iov = &number_;
    header_.msg_iovlen = 1;
    header_.msg_control = control_.data();
    header_.msg_controllen = control_.size();
  }
  [[nodiscard]] msghdr* header() { return &header_; }

 private:
  iovec number_;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control_{};
  msghdr header_{};
};

}  // namespace

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool send_socket(int to, int socket, std::uint64_t number) {
  SocketMessage message(number);
  cmsghdr* const head = CMSG_FIRSTHDR(message.header());
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &socket, sizeof socket);
  return sendmsg(to, message.header(), MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof number);
}

int receive_socket(int from, std::uint64_t& number) {
  SocketMessage message(number);
  ssize_t n = 0;
  while ((n = recvmsg(from, message.header(), MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  const cmsghdr* const head = n == static_cast<ssize_t>(sizeof number) ? CMSG_FIRSTHDR(message.header()) : nullptr;
  int socket = -1;
  if (head != nullptr) std::memcpy(&socket, CMSG_DATA(head), sizeof socket);
  return socket;
}

}  // namespace shoal
