#!/usr/bin/env bash
# scripts/line_coverage.py on a program whose lines are known: line_coverage.sh COMPILER SOURCES SCRATCH
set -euo pipefail

compiler=$1 sources=$2 scratch=$3
gcov=$("$compiler" -dumpversion | sed 's/[.].*//')
gcov=$(command -v "gcov-$gcov" || command -v gcov) || { echo "skipped: no gcov"; exit 77; }
command -v python3 > /dev/null || { echo "skipped: no python3"; exit 77; }
rm -rf "$scratch"
mkdir -p "$scratch/counted" "$scratch/other" "$scratch/tree"
cat > "$scratch/counted/template.hpp" << 'EOF'
template <class T>
T twice(T x) {
    if (x < T(0))
        return -x;
    return x + x;
}
EOF
cat > "$scratch/counted/program.cpp" << 'EOF'
#include "template.hpp"
int never(int x) {
    return x - 1;
}
int main(int count, char**) {
    int sum = twice(1.5) > 0 ? 0 : 1;
    if (count > 5)
        sum = never(sum);
    return sum + twice(-1) - 1;
}
EOF
echo 'int other() { return 1; }' > "$scratch/other/other.cpp"
cd "$scratch/tree"
"$compiler" -O0 --coverage -c ../counted/program.cpp -o program.o
"$compiler" -O0 --coverage -c ../other/other.cpp -o other.o
"$compiler" --coverage program.o other.o -o program
./program
look() { python3 "$sources/scripts/line_coverage.py" --gcov "$gcov" . ../counted "$@"; }

# never() has two lines that did not run, its call is the third; both returns of the template ran, in one instance each.
text=$(look --missing --least 70)
echo "$text"
for wanted in "counted/program.cpp  *4 of  *7 lines .* not: 2-3 8" "counted/template.hpp  *4 of  *4 lines  *100.0 %" "in all  *8 of  *11 lines  *72.7 %"; do
    [[ $(grep -c "$wanted" <<< "$text") == 1 ]] || { echo "expected: $wanted"; exit 1; }
done
[[ $(grep -c other <<< "$text") == 0 ]] || { echo "a file of another folder was counted"; exit 1; }
if look --least 73 > /dev/null; then
    echo "a share below the least passed"
    exit 1
fi
if python3 "$sources/scripts/line_coverage.py" --gcov "$gcov" . ../nothing 2> /dev/null; then
    echo "a folder without counts passed"
    exit 1
fi
