# Several mpirun at once must not share a folder for their sessions: one removes it while another makes its own in it.
function(shoal_own_sessions test)
  get_property(n GLOBAL PROPERTY SHOAL_N_TESTS)
  math(EXPR n "${n} + 1")
  set_property(GLOBAL PROPERTY SHOAL_N_TESTS ${n})
  set(folder ${PROJECT_BINARY_DIR}/mpi/${n})
  file(MAKE_DIRECTORY ${folder})
  set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT OMPI_MCA_orte_tmpdir_base=${folder})
endfunction()

# Seconds that a test may take: sanitized ones, on a busy machine, need several times as many.
set(SHOAL_TIME_LIMIT 400)
if(SHOAL_SANITIZE)
  set(SHOAL_TIME_LIMIT 600)
endif()

# shoal_test(NAME SOURCES ... [RANKS 1 2 3])
#
# A GoogleTest program; without RANKS it runs once and alone, with them once under mpiexec for each number of ranks, of
# which 0 is a run alone.
# Every test has a time limit, so that a hang is a failure.
function(shoal_test name)
  cmake_parse_arguments(T "" "" "SOURCES;RANKS" ${ARGN})
  add_executable(${name} ${T_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/mpi_main.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE shoal shoal_flags GTest::gtest)
  if(NOT T_RANKS OR 0 IN_LIST T_RANKS)
    list(REMOVE_ITEM T_RANKS 0)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${SHOAL_TIME_LIMIT} LABELS unit)
  endif()
  math(EXPR mpi_limit "${SHOAL_TIME_LIMIT} - 10")
  foreach(ranks IN LISTS T_RANKS)
    add_test(NAME ${name}.ranks-${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} --timeout ${mpi_limit} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${name}>)
    set_tests_properties(${name}.ranks-${ranks} PROPERTIES TIMEOUT ${SHOAL_TIME_LIMIT} LABELS mpi
      ENVIRONMENT OMP_WAIT_POLICY=passive)  # ranks x threads share few cores
    shoal_own_sessions(${name}.ranks-${ranks})
  endforeach()
endfunction()

# shoal_system_test(NAME FILE TIMEOUT): a Python program that runs the shoal of this build as a user does.
function(shoal_system_test name file timeout)
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  if(SHOAL_SANITIZE)
    math(EXPR timeout "2 * ${timeout}")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} LABELS system
    ENVIRONMENT "OMP_WAIT_POLICY=passive;OPENBLAS_NUM_THREADS=1;SHOAL=$<TARGET_FILE:shoal_program>;SHOAL_BUILD=${PROJECT_BINARY_DIR}")
  shoal_own_sessions(${name})
endfunction()
