#include "fastguard/decoders.h"

namespace fastguard {

void decode(const Reading&, Children&) {}

}  // namespace fastguard
