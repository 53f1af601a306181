/// Model files: what is in them, written by rank 0, read by rank 0 for all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shoal/core/named_array.hpp"
#include "shoal/io/output_file.hpp"

namespace shoal {

/// The attributes and arrays of a model file, format_version 1. Empty strings: the attribute does not apply.
struct ModelFile {
  std::string model;
  std::string covariance;
  std::string mixing;
  std::string center;
  std::int64_t n_clusters = 0;
  std::int64_t n_features = 0;
  std::int64_t n_rows = 0;
  double total_weight = 0;
  double objective = 0;
  bool is_mixture = false;
  double log_likelihood = 0;  ///< mixtures, as are the next three
  std::int64_t n_parameters = 0;
  double bic = 0;
  double aic = 0;
  std::int64_t n_iterations = 0;
  bool converged = false;
  std::string stop_reason;
  std::uint64_t seed = 0;
  std::vector<std::string> feature_names;
  std::string instruction_set;
  std::string shoal_version;
  std::string options;
  NamedArrays parameters;
  std::vector<double> counts;
  std::vector<double> history;
  std::vector<std::string> sources;  ///< every file that was opened to read it

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& model& covariance& mixing& center& n_clusters& n_features& n_rows& total_weight& objective& is_mixture&
        log_likelihood& n_parameters& bic& aic& n_iterations& converged& stop_reason& seed& feature_names&
            instruction_set& shoal_version& options& parameters& counts& history& sources;
  }
};

/// Into the temporary of `output`. Collective.
void write_model(const Communicator& comm, OutputFile& output, const ModelFile& model);

/// Collective. Throws Error no_input, or bad_data where the file is no model of ours, of a newer format, or damaged.
ModelFile read_model(const Communicator& comm, const std::string& file);

/// The arrays of /parameters of any HDF5 file; the files opened for them are added to `sources`. Collective. Throws
/// Error(bad_data) where there are none.
NamedArrays read_parameters(const Communicator& comm, const std::string& file, std::vector<std::string>& sources);

}  // namespace shoal
