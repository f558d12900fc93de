#pragma once

#include "s3sim/fault_book_internal.h"
#include "s3sim/simulator.h"

namespace lc2::s3sim {

// Handles the request as the fault has it, and says whether the fault could happen: a body that is
// empty cannot be cut. The exchange is filled in either way.
bool Inject(const Fault& fault, const FaultOptions& options, S3Request& request, Service& service,
            Duplicates& duplicates, Exchange& exchange);

}  // namespace lc2::s3sim
