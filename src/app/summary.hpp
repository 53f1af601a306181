/// The words around a fit.
#pragma once

#include <string>

#include "app/fit_plan.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/io/model_file.hpp"

namespace shoal::app {

/// One line on what starts now.
std::string headline(const Communicator& comm, const FitPlan& plan);

/// What was found, for a person.
std::string summary_text(const ModelFile& file, const FitResult& result, const Arguments& arguments);

}  // namespace shoal::app
