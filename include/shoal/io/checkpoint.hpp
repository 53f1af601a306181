/// A fit on disk, to go on from: a Boost.Serialization archive in an envelope.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shoal/core/named_array.hpp"
#include "shoal/io/scan.hpp"
#include "shoal/model/start_progress.hpp"

namespace shoal {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct Checkpoint {
  NamedTexts identity;  ///< what decides the result, by name: options, data, program
  FitState state;
  NamedArrays parameters;  ///< of the fit that `state` is of; none while searches run
  StartProgress starts;
  ScanProgress scan;           ///< of the fits before this one, where it is one of several
  bool finished = false;       ///< the pass from this state is the last
  std::string stop_reason;     ///< of a finished fit
  NamedTexts outputs;          ///< of a finished fit: purposes and digests of what they hold
  NamedTexts earlier_outputs;  ///< of earlier lives that had finished: these files may be there, too
  NamedTexts inputs;  ///< of a finished fit: its files and by what a change of them shows, without reading them
};

/// The sealed bytes.
std::string to_bytes(const Checkpoint& checkpoint);

/// Throws Error(bad_data) on anything that to_bytes did not make; never reserves more memory than there are bytes.
Checkpoint checkpoint_from(std::string_view bytes, const std::string& name);

}  // namespace shoal
