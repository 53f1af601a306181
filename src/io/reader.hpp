/// Requests to the process that opens foreign files.
#pragma once

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <sstream>
#include <string>

#include "io/descriptor.hpp"

namespace shoal {

/// An object as Boost writes it, and back.
template <class... T>
std::string pack(const T&... values) {
  std::ostringstream stream(std::ios::binary);
  boost::archive::binary_oarchive archive(stream);
  (archive << ... << values);
  return stream.str();
}
template <class... T>
void unpack(const std::string& bytes, T&... values) {
  std::istringstream stream(bytes, std::ios::binary);
  boost::archive::binary_iarchive archive(stream);
  (archive >> ... >> values);
}

enum class Question : char { describe, summarise, model, parameters, chunks, rows, levels };

/// A question under way: its answers come one by one.
class Reader {
 public:
  /// The question with packed arguments; the reader may take so many bytes of memory for it. Throws Error(no_memory)
  /// where no process can be started.
  Reader(Question question, const std::string& arguments, std::uint64_t memory);

  /// The next answer, which is about `file`. Throws what the reader threw, as Error, and Error(bad_data) where it came
  /// to grief or gave no answer within reader_patience.
  std::string next(const std::string& file);

 private:
  bool receive(void* bytes, std::size_t n);

  Descriptor socket_;                 ///< none: this process answers itself
  bool silent_ = false;               ///< it gave no answer in time
  std::deque<std::string> answered_;  ///< by this process, where it has no reader
};

/// One answer to one question.
std::string ask(Question question, const std::string& arguments, const std::string& file);

/// What a reader does: `answer` is called once for each answer.
void serve(Question question, const std::string& arguments, const std::function<void(const std::string&)>& answer);

/// The memory of a reader that looks at headers and small arrays.
inline constexpr std::uint64_t memory_for_headers = std::uint64_t{2} << 30U;

}  // namespace shoal
