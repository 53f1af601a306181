/// A family of models, described once, in its folder: all that the program, its files, checks, seeding and sampling
/// know of it. To add one: a folder below model, and its name in family.cpp.
#pragma once

#include <any>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "shoal/core/contract.hpp"
#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/core/option.hpp"
#include "shoal/data/block_source.hpp"
#include "shoal/data/row_coding.hpp"
#include "shoal/data/row_kind.hpp"
#include "shoal/math/distance.hpp"
#include "shoal/model/model.hpp"
#include "shoal/model/options.hpp"
#include "shoal/model/parameter.hpp"

namespace shoal {

/// K clusters of D features; codes: with n_levels levels in all.
struct ModelSize {
  std::size_t n_clusters = 0;
  std::size_t n_features = 0;
  std::size_t n_levels = 0;
};

/// Bytes that a model takes on a rank beside its rows and the sums of passes.
struct ModelMemory {
  double thread = 0;      ///< work space of one thread
  double each_row = 0;    ///< what a fit remembers of a row
  double parameters = 0;  ///< during a fit: they, and what is made of them for passes
  double update = 0;      ///< beside these, while an M-step finds the next ones
};

/// What a model does with differences between rows, which limits how far apart they may lie.
enum class Differences { squares, squares_of_each, sizes };

/// Distances for seeding. Codes are compared one-hot, each level divided by its deviation, whatever stands here.
struct SeedMetric {
  enum class Scale { none, deviation, square_root };
  Metric metric = Metric::squared_euclidean;
  bool rooted = false;  ///< the distance itself, not its square
  Scale scale = Scale::none;
};

/// In which direction a component's rows vary least.
struct Flattest {
  double spread = 0;              ///< their variance there, features divided by the deviations of all rows
  std::vector<double> direction;  ///< D, of length 1, in these units
  bool at_floor = false;          ///< regularisation is all that there is of it
};

/// What models of hard.hpp take. See Family::memory.
ModelMemory hard_memory(const ModelOptions& options, const ModelSize& size, std::size_t value_bytes);

/// What a mixture takes for each thread beside the work space of its components: K scores of each row of a tile.
constexpr double mixture_thread_bytes(std::size_t n_clusters, std::size_t tile_rows) {
  return static_cast<double>((8 * n_clusters + 20) * tile_rows);
}

/// Draws rows of a component.
class ComponentSampler {
 public:
  ComponentSampler() = default;
  ComponentSampler(const ComponentSampler&) = delete;
  ComponentSampler& operator=(const ComponentSampler&) = delete;
  virtual ~ComponentSampler() = default;
  /// Row number `row` of component k into `values` (D): a function of seed, row and k alone.
  virtual void draw(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const = 0;
};

/// What a model must know of the rows to be made: D, or their coding, and the noise with which they were measured.
struct RowLayout {
  std::size_t n_features = 0;
  RowCoding coding;
  NoiseLayout noise{};
};
template <class Row>
RowLayout layout_of(const BlockSource<Row>& rows) {
  return {rows.n_features, rows.coding, rows.noise_layout};
}

template <class Row>
using Maker = std::unique_ptr<Model<Row>> (*)(const ModelOptions&, const RowLayout&);

struct Family {
  std::string_view name;
  RowKind rows{};
  bool mixture = false;  ///< has weights and a likelihood, which it maximises; else a nearest centre and a cost
  std::any own{};        ///< the struct of its own options, with defaults in place
  std::vector<Option<ModelOptions>> options{};  ///< its own, and of the shared ones `mixing`, in the order of files
  std::string_view marginalizes{};              ///< which of its kinds integrate missing entries out; empty: none

  // Functions of the options.
  /// Whether rows may have known noise of this form.
  bool (*takes_noise)(const ModelOptions&, NoiseLayout::Form) = [](const ModelOptions&, NoiseLayout::Form) {
    return false;
  };
  bool (*can_marginalize)(const ModelOptions&) = [](const ModelOptions&) { return false; };
  std::vector<Parameter> (*parameters)(const ModelOptions&, const ModelSize&);
  std::size_t (*n_sums)(const ModelOptions&, const ModelSize&);  ///< numbers that a pass adds up, beside 1 + K
  /// About; value_bytes: of a number as rows hold it. By default that of hard models.
  ModelMemory (*memory)(const ModelOptions&, const ModelSize&, std::size_t value_bytes) = hard_memory;
  Differences (*differences)(const ModelOptions&);
  SeedMetric (*seed_metric)(const ModelOptions&);

  /// Checks beyond shapes and domains of arrays that have passed these, and puts right what rounding left. Throws
  /// Error(bad_data) naming `source`.
  void (*check)(const ModelOptions&, const ModelSize&, const std::string& source,
                NamedArrays&) = [](const ModelOptions&, const ModelSize&, const std::string&, NamedArrays&) {};

  /// Rows that a component needs to be more than a picture of them.
  double (*least_rows)(const ModelOptions&, std::size_t n_features) = [](const ModelOptions&, std::size_t) {
    return 2.0;
  };

  /// Of each component, or of what all share; of all rows the moments. Null: components cannot shrink.
  std::vector<Flattest> (*flattest)(const ModelOptions&, const ModelSize&, const NamedArrays&,
                                    const ColumnMoments&) = nullptr;

  /// How rows vary within each component: variances, shaped as the first of `parameters`; of a level, of its indicator
  /// (1 where a row has it, else 0). Null: files do not tell. @pre The arrays are there, of these shapes.
  Matrix (*variances)(const ModelOptions&, const ModelSize&, const NamedArrays&) = nullptr;

  /// Null: has no density to draw from.
  std::unique_ptr<ComponentSampler> (*sampler)(const ModelOptions&, const ModelSize&, const NamedArrays&) = nullptr;

  // Null where it has no such rows.
  Maker<float> make_float = nullptr;
  Maker<double> make_double = nullptr;
  Maker<PackedByte> make_packed = nullptr;
};

/// All families, in the order of the help.
const std::vector<const Family*>& families();

/// The family of this name, or null.
const Family* find_family(std::string_view name);

/// Their names in one line, "a, b and c"; of those for which `of` holds.
std::string family_names(const std::function<bool(const Family&)>& of = [](const Family&) { return true; });

/// The options of any family that are attributes of model files.
std::vector<std::string> kind_attributes();

/// A model for rows of this type. @pre The family has such rows.
template <class Row>
std::unique_ptr<Model<Row>> make_model(const ModelOptions& options, const RowLayout& layout) {
  const Family& family = options.family();
  Maker<Row> make = nullptr;
  if constexpr (std::is_same_v<Row, float>) make = family.make_float;
  if constexpr (std::is_same_v<Row, double>) make = family.make_double;
  if constexpr (std::is_same_v<Row, PackedByte>) make = family.make_packed;
  expects(make != nullptr, "make_model: the family has no rows of this type");
  return make(options, layout);
}

/// The maker of a model template that is made of options and the number of features.
template <template <class> class M, class Row>
std::unique_ptr<Model<Row>> make_real(const ModelOptions& options, const RowLayout& layout) {
  return std::make_unique<M<Row>>(options, layout.n_features);
}

/// How mixing weights come about, for mixtures.
Option<ModelOptions> mixing_option();

/// Own options of a family: members of its struct O.
template <class O>
Option<ModelOptions> own_amount(std::string name, std::string values, std::string help, double O::*member) {
  return amount_option<ModelOptions>(
      std::move(name), std::move(values),
      std::move(help), [member](auto& options) -> auto& { return options.template of<O>().*member; });
}
template <class O, Named E>
Option<ModelOptions> own_choice(std::string name, std::string help, E O::*member) {
  Option<ModelOptions> option = choice_option<ModelOptions, E>(
      std::move(name), std::move(help), [member](auto& options) -> auto& { return options.template of<O>().*member; });
  option.attribute = true;
  return option;
}

}  // namespace shoal
