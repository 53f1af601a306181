/// What a person chooses about a model, with defaults in place.
#pragma once

#include <any>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shoal/core/enum_names.hpp"
#include "shoal/model/held.hpp"

namespace shoal {

struct Family;

enum class Mixing { learned, uniform, given };
template <>
inline constexpr auto names_of<Mixing> = names("learned", "uniform", "given");

enum class EmptyCluster { reseed, drop, error };
template <>
inline constexpr auto names_of<EmptyCluster> = names("reseed", "drop", "error");

enum class Missing { error, skip, marginalize };
template <>
inline constexpr auto names_of<Missing> = names("error", "skip", "marginalize");

/// A word, or a file, which results name by the digest of its content, once that is known.
struct ContentName {
  std::string name;
  std::string digest;
  [[nodiscard]] const std::string& resolved() const { return digest.empty() ? name : digest; }
};

/// The options that families share, and those of one family.
class ModelOptions {
 public:
  explicit ModelOptions(const Family& family, std::size_t clusters = 1);

  /// Of the family of this name. Throws Error(usage) where there is none.
  explicit ModelOptions(std::string_view name, std::size_t clusters = 1);

  [[nodiscard]] const Family& family() const { return *family_; }

  /// The family's own options; O is the struct in its folder.
  template <class O>
  [[nodiscard]] const O& of() const {
    return std::any_cast<const O&>(own_);
  }
  template <class O>
  [[nodiscard]] O& of() {
    return std::any_cast<O&>(own_);
  }

  std::size_t n_clusters;
  Mixing mixing = Mixing::learned;
  ContentName mixing_file;            ///< with Mixing::given: whose weights they are
  std::vector<double> given_weights;  ///< with Mixing::given: K
  EmptyCluster empty_cluster = EmptyCluster::reseed;
  Missing missing = Missing::error;
  Held held;                    ///< parameters that stay as the start gave them
  bool float32_tables = false;  ///< codes: products of a row in float32
  bool truncate = true;         ///< mixtures: leave out what cannot be seen (truncation.hpp)

 private:
  const Family* family_;
  std::any own_;
};

}  // namespace shoal
