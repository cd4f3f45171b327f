#pragma once
// The name that a person who mistyped one most likely meant.
#include <string>
#include <vector>

namespace tumble::app {

/// The entry of `names` with the smallest edit distance to `word` (insert, delete, replace, swap of
/// neighbours; Damerau, Commun. ACM 7, 171, 1964), or "" when none is nearer than half of the word's length,
/// rounded up.
std::string nearest_name(const std::string& word, const std::vector<std::string>& names);

}  // namespace tumble::app
