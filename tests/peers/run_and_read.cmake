# Runs the bundled sample from its true poses and lets other people's programs read the results.
set(out ${SCRATCH}/result)
file(REMOVE_RECURSE ${out})
execute_process(COMMAND ${PROGRAM} reconstruct ${SAMPLE}/images.mrcs --pixel-size 0.358 --element Pt
    --poses ${SAMPLE}/truth.star --out ${out} --quiet RESULT_VARIABLE result ERROR_VARIABLE text)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "tumble ended with ${result}: ${text}")
endif()
execute_process(COMMAND ${PYTHON} ${SCRIPT} ${out} RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
message("${text}")
if(NOT result EQUAL 0 AND NOT result EQUAL 77)
    message(FATAL_ERROR "another program does not read what tumble wrote")
endif()
