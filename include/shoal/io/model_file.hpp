/// Model files: what is in them, written by rank 0, read by rank 0 for all.
#pragma once

#include <boost/serialization/map.hpp>
#include <boost/serialization/utility.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "shoal/core/feature_names.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/scaling.hpp"
#include "shoal/io/checkpoint.hpp"
#include "shoal/io/output_file.hpp"
#include "shoal/io/scan.hpp"

namespace shoal {

/// A number that older files lack.
struct OptionalNumber {
  double value = std::numeric_limits<double>::quiet_NaN();
  [[nodiscard]] bool known() const { return value == value; }
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value;
  }
};

/// The attributes and arrays of a model file: format_version 1, or 2 where values were scaled.
struct ModelFile {
  std::string model;
  NamedTexts kinds;    ///< of the family's options those that are attributes, and how they were set
  std::string mixing;  ///< mixtures
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
  OptionalNumber icl;         ///< BIC and twice the entropy (Biernacki, Celeux & Govaert 2000)
  OptionalNumber entropy_r2;  ///< fit/separation.hpp
  std::int64_t n_iterations = 0;
  std::int64_t n_passes = 0;
  bool converged = false;
  std::string stop_reason;
  std::uint64_t seed = 0;
  std::vector<std::string> feature_names;  ///< empty: unknown
  LevelNames level_names;                  ///< of codes, where the data had them
  std::string instruction_set;
  std::string shoal_version;
  std::string options;
  NamedArrays parameters;  ///< with `counts`
  std::vector<double> history;
  NamedArrays health, starts;        ///< run/health.hpp
  ScanTable scan;                    ///< from which the model was chosen
  Scaling scaling;                   ///< of the values, in whose units the parameters are; empty: the data's
  std::vector<std::string> sources;  ///< every file that was opened to read it

  /// Weight of rows, or responsibility sum, of each cluster; empty where the file does not say.
  [[nodiscard]] std::vector<double> counts() const {
    const NamedArray* counts = find(parameters, "counts");
    return counts == nullptr ? std::vector<double>{} : counts->values;
  }

  /// Visits name and value of every attribute that the model has, in the order of files.
  template <class Self, class Visit>
  static void visit_attributes(Self& self, Visit&& visit) {
    visit("model", self.model);
    for (auto& [name, value] : self.kinds) visit(name.c_str(), value);
    if (self.is_mixture) visit("mixing", self.mixing);
    visit("n_clusters", self.n_clusters);
    visit("n_features", self.n_features);
    visit("n_rows", self.n_rows);
    visit("total_weight", self.total_weight);
    visit("objective", self.objective);
    if (self.is_mixture) {
      visit("log_likelihood", self.log_likelihood);
      visit("n_parameters", self.n_parameters);
      visit("bic", self.bic);
      visit("aic", self.aic);
      visit("icl", self.icl);
      visit("entropy_r2", self.entropy_r2);
    }
    visit("n_iterations", self.n_iterations);
    visit("n_passes", self.n_passes);
    visit("converged", self.converged);
    visit("stop_reason", self.stop_reason);
    visit("seed", self.seed);
    visit("feature_names", self.feature_names);
    visit("instruction_set", self.instruction_set);
    visit("shoal_version", self.shoal_version);
    visit("options", self.options);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& kinds& is_mixture& parameters& history& health& starts& scan& scaling& sources& level_names;
    visit_attributes(*this, [&](const char*, auto& value) { archive& value; });
  }
};

/// Into the temporary of `output`. Collective.
void write_model(const Communicator& comm, OutputFile& output, const ModelFile& model);

/// kinds: the attributes that families have (kind_attributes()). Parameters are not looked at (load does). Collective.
/// Throws Error no_input, or bad_data where the file is no model of ours, of a newer format, or damaged, its scales
/// too.
ModelFile read_model(const Communicator& comm, const std::string& file, const std::vector<std::string>& kinds);

/// What any HDF5 file has of a model's parameters.
struct StoredParameters {
  NamedArrays arrays;             ///< of /parameters
  Scaling scaling;                ///< of /preprocessing: their units; empty: the data's
  std::string covariance;         ///< which kind the covariances are, where an attribute says so
  bool labels = false;            ///< it has /labels ...
  bool responsibilities = false;  ///< ... or /responsibilities

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& arrays& scaling& covariance& labels& responsibilities;
  }
};

/// The files opened for them are added to `sources`. Collective. Throws Error(bad_data) where there is nothing of all
/// these, or where /preprocessing is damaged.
StoredParameters read_parameters(const Communicator& comm, const std::string& file, std::vector<std::string>& sources);

}  // namespace shoal
