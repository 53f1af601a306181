#include "shoal/comm/communicator.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>

#include "shoal/comm/mpi_interop.hpp"
#include "shoal/core/checked_cast.hpp"

namespace shoal {
namespace {

void check(int code) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw std::runtime_error(std::string("MPI: ") + text.data());
}

/// Calls piece(pointer, count) for pieces of at most the communicator's message_limit().
template <class T, class F>
void in_pieces(const Communicator& comm, std::span<T> data, F&& piece) {
  const std::size_t limit = std::max<std::size_t>(1, comm.message_limit() / sizeof(T));
  for (std::size_t first = 0; first < data.size(); first += limit)
    piece(data.data() + first, checked_cast<int>(std::min(limit, data.size() - first)));
}

template <class T>
void reduce_all(std::span<T> values, MPI_Datatype type, MPI_Op op, const Communicator& comm) {
  if (comm.size() == 1) return;
  in_pieces(comm, values,
            [&](T* data, int count) { check(MPI_Allreduce(MPI_IN_PLACE, data, count, type, op, comm.handle().comm)); });
}

/// Where each of neighbouring parts begins.
std::vector<int> places_of(std::span<const int> lengths) {
  std::vector<int> places(lengths.size(), 0);
  std::partial_sum(lengths.begin(), lengths.end() - 1, places.begin() + 1);
  return places;
}

/// For a communicator of our own, which goes with its last handle.
std::shared_ptr<Communicator::Handle> owned_handle() {
  return {new Communicator::Handle{MPI_COMM_NULL}, [](Communicator::Handle* handle) {
            if (handle->comm != MPI_COMM_NULL) MPI_Comm_free(&handle->comm);
            delete handle;  // NOLINT: a deleter
          }};
}

}  // namespace

Communicator::Communicator(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {
  if (handle_->comm == MPI_COMM_NULL) return;
  check(MPI_Comm_rank(handle_->comm, &rank_));
  check(MPI_Comm_size(handle_->comm, &size_));
}

Communicator Communicator::with_message_limit(std::size_t bytes) const {
  Communicator other = *this;
  other.message_limit_ = bytes;
  return other;
}

Communicator Communicator::world() { return communicator_from(mpi_runs() ? MPI_COMM_WORLD : MPI_COMM_NULL); }
Communicator Communicator::self() { return communicator_from(mpi_runs() ? MPI_COMM_SELF : MPI_COMM_NULL); }

// A rank alone calls no MPI: it may run without, and searches on a sample run in several threads.

void Communicator::broadcast(std::span<std::byte> bytes) const {
  if (size_ == 1) return;
  in_pieces(*this, bytes,
            [&](std::byte* data, int count) { check(MPI_Bcast(data, count, MPI_BYTE, 0, handle_->comm)); });
}

void Communicator::broadcast(std::string& text) const {
  if (size_ == 1) return;
  std::uint64_t length = text.size();
  broadcast(std::as_writable_bytes(std::span(&length, 1)));
  text.resize(length);
  broadcast(std::as_writable_bytes(std::span(text.data(), text.size())));
}

void Communicator::sum(std::span<std::int64_t> values) const { reduce_all(values, MPI_INT64_T, MPI_SUM, *this); }
void Communicator::minimum(std::span<std::int64_t> values) const { reduce_all(values, MPI_INT64_T, MPI_MIN, *this); }
void Communicator::minimum(std::span<std::uint64_t> values) const { reduce_all(values, MPI_UINT64_T, MPI_MIN, *this); }
void Communicator::maximum(std::span<std::int64_t> values) const { reduce_all(values, MPI_INT64_T, MPI_MAX, *this); }

std::uint64_t Communicator::bitwise_and(std::uint64_t bits) const {
  if (size_ == 1) return bits;
  check(MPI_Allreduce(MPI_IN_PLACE, &bits, 1, MPI_UINT64_T, MPI_BAND, handle_->comm));
  return bits;
}

std::vector<std::byte> Communicator::gather(std::span<const std::byte> mine) const {
  if (size_ == 1) return {mine.begin(), mine.end()};
  std::vector<std::uint64_t> lengths(static_cast<std::size_t>(size_));
  const std::uint64_t length = mine.size();
  check(MPI_Allgather(&length, 1, MPI_UINT64_T, lengths.data(), 1, MPI_UINT64_T, handle_->comm));
  std::size_t total = 0;
  for (const std::uint64_t l : lengths) total += l;
  std::vector<std::byte> all(total);
  if (total <= message_limit_) {
    const std::vector<int> bytes(lengths.begin(), lengths.end());
    check(MPI_Allgatherv(mine.data(), static_cast<int>(mine.size()), MPI_BYTE, all.data(), bytes.data(),
                         places_of(bytes).data(), MPI_BYTE, handle_->comm));
    return all;
  }
  std::size_t first = 0;
  for (int source = 0; source < size_; ++source) {  // one broadcast a rank: no displacement can overflow an int
    const std::span<std::byte> part(all.data() + first, lengths[static_cast<std::size_t>(source)]);
    if (source == rank_) std::copy(mine.begin(), mine.end(), part.begin());
    in_pieces(*this, part,
              [&](std::byte* data, int count) { check(MPI_Bcast(data, count, MPI_BYTE, source, handle_->comm)); });
    first += part.size();
  }
  return all;
}

void Communicator::share_parts(std::span<double> all, std::span<const int> lengths) const {
  if (size_ == 1) return;
  check(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all.data(), lengths.data(), places_of(lengths).data(),
                       MPI_DOUBLE, handle_->comm));
}

void Communicator::exchange(std::span<const std::byte> outgoing, std::span<const int> outgoing_bytes,
                            std::span<std::byte> incoming, std::span<const int> incoming_bytes) const {
  if (size_ == 1) {
    std::ranges::copy(outgoing.first(static_cast<std::size_t>(outgoing_bytes[0])), incoming.begin());
    return;
  }
  check(MPI_Alltoallv(outgoing.data(), outgoing_bytes.data(), places_of(outgoing_bytes).data(), MPI_BYTE,
                      incoming.data(), incoming_bytes.data(), places_of(incoming_bytes).data(), MPI_BYTE,
                      handle_->comm));
}

void Communicator::send(std::span<const std::byte> bytes, int destination) const {
  in_pieces(*this, bytes, [&](const std::byte* data, int count) {
    check(MPI_Send(data, count, MPI_BYTE, destination, 0, handle_->comm));
  });
}

void Communicator::receive(std::span<std::byte> bytes, int source) const {
  in_pieces(*this, bytes, [&](std::byte* data, int count) {
    check(MPI_Recv(data, count, MPI_BYTE, source, 0, handle_->comm, MPI_STATUS_IGNORE));
  });
}

void Communicator::barrier() const {
  if (size_ > 1) check(MPI_Barrier(handle_->comm));
}

Communicator Communicator::on_this_host() const {
  if (size_ == 1) return *this;
  const auto host = owned_handle();
  check(MPI_Comm_split_type(handle_->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host->comm));
  return Communicator(host).with_message_limit(message_limit_);
}

Communicator Communicator::duplicate() const {
  if (handle_->comm == MPI_COMM_NULL) return *this;
  const auto copy = owned_handle();
  check(MPI_Comm_dup(handle_->comm, &copy->comm));
  return Communicator(copy).with_message_limit(message_limit_);
}

}  // namespace shoal
