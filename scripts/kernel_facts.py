#!/usr/bin/env python3
"""What the compiler made of the CUDA kernels: compares the machine code of a module with cuda/budget.json.

  kernel_facts.py --module tumble_cuda.so --budget cuda/budget.json [--tools FOLDER]      compare; exit 1 where it differs
  kernel_facts.py --module tumble_cuda.so --budget cuda/budget.json --write               keep what was found as the budget

For each kernel and architecture: registers and static shared memory at most as many as the budget has, no stack, no local
memory (LDL, STL), no double arithmetic (DFMA, DADD, DMUL), no floating-point atomics (RED, ATOM of F16, F32, F64). Matrix
instructions (HMMA) and 16-byte loads (LDG.E.128, LDS.128) must be there where the budget claims them. A kernel that the budget
does not list, or a listed one that is gone, is a difference too. Needs cuobjdump, nvdisasm and c++filt.
"""
import argparse
import json
import os
import re
import subprocess
import sys

FORBIDDEN = {
    "local memory": re.compile(r"\b(LDL|STL)\b"),
    "double arithmetic": re.compile(r"\b(DFMA|DADD|DMUL|DSETP)\b"),
    "floating-point atomics": re.compile(r"\b(RED|ATOM|ATOMG|ATOMS)\.\S*F(16|32|64)"),
}
CLAIMS = {
    "matrix_instructions": re.compile(r"\bHMMA\b"),
    "wide_global_loads": re.compile(r"\bLDG\S*\.128"),
    "wide_shared_loads": re.compile(r"\bLDS\S*\.128"),
}


def output_of(tools, *command):
    environment = dict(os.environ)
    if tools:
        environment["PATH"] = tools + os.pathsep + environment["PATH"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def readable(names):
    """Names of kernels without parameters and namespaces; template arguments stay: 'score_tile<256, 8>'."""
    text = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    short = {}
    for mangled, name in zip(names, text.splitlines()):
        name = re.sub(r"^void ", "", name)
        name = name.replace("(anonymous namespace)::", "").replace("tumble::cuda::", "").replace("tumble::", "")
        name = re.sub(r"\((int|bool|unsigned int)\)", "", name)
        depth, end = 0, len(name)
        for i, character in enumerate(name):
            depth += (character == "<") - (character == ">")
            if character == "(" and depth == 0:
                end = i
                break
        short[mangled] = name[:end]
    return short


def facts_of(module, tools):
    """{kernel: {architecture: {"registers", "shared_bytes", "stack_bytes", "found": [...]}}}"""
    facts, architecture = {}, None
    for line in output_of(tools, "cuobjdump", "--dump-resource-usage", module).splitlines():
        if match := re.match(r"arch = (sm_\w+)", line):
            architecture = match[1]
        elif match := re.match(r" *Function (\S+):", line):
            kernel = match[1]
        elif match := re.match(r" *REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)", line):
            registers, stack, shared, local = map(int, match.groups())
            facts.setdefault(kernel, {})[architecture] = {
                "registers": registers, "shared_bytes": shared, "stack_bytes": stack + local, "found": []}
    code = {}
    for line in output_of(tools, "cuobjdump", "-sass", module).splitlines():
        if match := re.match(r"\s*code for (sm_\w+)", line):
            architecture = match[1]
        elif match := re.match(r"\s*Function : (\S+)", line):
            kernel = match[1]
        elif match := re.match(r"\s*/\*[0-9a-f]{4,}\*/\s+(.*?);", line):
            code.setdefault((kernel, architecture), []).append(match[1])
    for (kernel, architecture), lines in code.items():
        text = "\n".join(lines)
        for name, pattern in {**FORBIDDEN, **CLAIMS}.items():
            if pattern.search(text):
                facts[kernel][architecture]["found"].append(name)
    names = readable(list(facts))
    return {names[kernel]: per_architecture for kernel, per_architecture in facts.items()}


def differences(facts, budget):
    for kernel in sorted(set(budget) - set(facts)):
        yield f"{kernel}: in the budget, but not in the module"
    for kernel in sorted(facts):
        if kernel not in budget:
            yield f"{kernel}: not in the budget"
            continue
        allowed = budget[kernel]
        for architecture, fact in sorted(facts[kernel].items()):
            where = f"{kernel} on {architecture}"
            limit = allowed["registers"].get(architecture)
            if limit is None:
                yield f"{where}: the budget has no such architecture"
            elif fact["registers"] > limit:
                yield f"{where}: {fact['registers']} registers, expected at most {limit}"
            if fact["shared_bytes"] > allowed["shared_bytes"].get(architecture, 0):
                yield f"{where}: {fact['shared_bytes']} bytes of static shared memory, expected at most " \
                      f"{allowed['shared_bytes'].get(architecture, 0)}"
            if fact["stack_bytes"]:
                yield f"{where}: a stack of {fact['stack_bytes']} bytes, expected none"
            for name in FORBIDDEN:
                if name in fact["found"] and name not in allowed.get("exceptions", {}):
                    yield f"{where}: {name}, expected none"
            for name in allowed["claims"]:
                if name not in fact["found"]:
                    yield f"{where}: no {name.replace('_', ' ')}, though the budget claims them"


def budget_of(facts, before):
    out = {}
    for kernel, per_architecture in sorted(facts.items()):
        claims = [name for name in CLAIMS if all(name in fact["found"] for fact in per_architecture.values())]
        out[kernel] = {"registers": {a: f["registers"] for a, f in sorted(per_architecture.items())},
                       "shared_bytes": {a: f["shared_bytes"] for a, f in sorted(per_architecture.items())},
                       "claims": claims}
        if exceptions := before.get(kernel, {}).get("exceptions"):
            out[kernel]["exceptions"] = exceptions
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", required=True)
    parser.add_argument("--budget", required=True)
    parser.add_argument("--tools", help="folder of cuobjdump and nvdisasm, if they are not on the path")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    facts = facts_of(arguments.module, arguments.tools)
    if not facts:
        sys.exit(f"{arguments.module}: no kernels found")
    budget = {}
    if os.path.exists(arguments.budget):
        with open(arguments.budget, encoding="utf-8") as file:
            budget = json.load(file)
    if arguments.write:
        with open(arguments.budget, "w", encoding="utf-8") as file:
            json.dump(budget_of(facts, budget), file, indent=1)
            file.write("\n")
        print(f"{len(facts)} kernels written to {arguments.budget}")
        return
    found = list(differences(facts, budget))
    for line in found:
        print(line)
    print(f"{len(facts)} kernels, {sum(len(f) for f in facts.values())} of them by architecture, {len(found)} differences")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
