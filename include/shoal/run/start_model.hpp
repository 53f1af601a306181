/// From options and rows to a model that can be fitted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "shoal/data/scaling.hpp"
#include "shoal/model/fit_state.hpp"
#include "shoal/run/options.hpp"

namespace shoal {

/// Makes models for the fits of these rows, each at its start. Calls are collective. Options and pass must outlive it.
/// @pre read_named_files has read what options name.
template <class Row>
class ModelStarter {
 public:
  /// `scaling`: what was done to the rows' values; a file's arrays are brought to its units. Takes up to two passes.
  ModelStarter(const RunOptions& options, const RowPass<Row>& pass, const Scaling& scaling = {});

  /// At the arrays of --init, else at seeds. Throws Error where they do not fit the rows.
  [[nodiscard]] std::unique_ptr<Model<Row>> start(std::uint64_t seed) const;

  /// At what a search found.
  [[nodiscard]] std::unique_ptr<Model<Row>> at(const NamedArrays& parameters) const;

  /// Where another fit of these rows stood, to the bit, clusters that it dropped left out. `source` names its file.
  [[nodiscard]] std::unique_ptr<Model<Row>> go_on(const NamedArrays& parameters, const FitState& state,
                                                  const std::string& source) const;

  [[nodiscard]] const ColumnMoments& moments() const { return moments_; }  ///< hard models: none
  [[nodiscard]] const RowLayout& layout() const { return layout_; }

 private:
  [[nodiscard]] std::unique_ptr<Model<Row>> begun(const ModelOptions& options) const;
  [[nodiscard]] NamedArrays given_arrays() const;
  [[nodiscard]] std::vector<Row> seeds_of_rows() const;
  void start_from_part(std::uint64_t seed, const NamedArrays& given, Model<Row>& model) const;

  const RunOptions& options_;
  const RowPass<Row>& pass_;
  Scaling scaling_;
  RowLayout layout_;
  ColumnMoments moments_;
};

}  // namespace shoal
