#pragma once
// MRC image stacks and maps: everything that the other rooms need.
#include "io/mrc_header.hpp"
#include "io/mrc_read.hpp"
#include "io/mrc_write.hpp"
