#include "shoal/run/unseen_feature.hpp"

#include <fmt/format.h>

#include <type_traits>

#include "shoal/core/error.hpp"
#include "shoal/pass/column_extents.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal {

template <class Row>
void require_seen(const RowPass<Row>& pass, const ModelOptions& model, const std::vector<std::string>& names) {
  if constexpr (!std::is_same_v<Row, PackedByte>) {
    if (model.missing != Missing::marginalize) return;
    const ColumnExtents extents = column_extents(pass);
    for (std::size_t j = 0; j < extents.least.size(); ++j)
      if (extents.least[j] > extents.greatest[j])
        throw Error(ExitCode::bad_data, fmt::format("{} is missing in every row that counts; leave it out (--columns)",
                                                    feature_text(j, names)));
  }
}

template void require_seen(const RowPass<float>&, const ModelOptions&, const std::vector<std::string>&);
template void require_seen(const RowPass<double>&, const ModelOptions&, const std::vector<std::string>&);
template void require_seen(const RowPass<PackedByte>&, const ModelOptions&, const std::vector<std::string>&);

}  // namespace shoal
