/// Sockets that go from one process to another.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string_view>

namespace shoal {

/// Whether all bytes went into a socket; one that is closed at the other end is no signal.
bool send_all(int socket, std::string_view bytes);

/// Sends a socket and a number with it.
bool send_socket(int to, int socket, std::uint64_t number);

/// -1 where no more will come.
int receive_socket(int from, std::uint64_t& number);

}  // namespace shoal
