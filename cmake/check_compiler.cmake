# Refuses compilers older than the ones that echocell is tested with.
set(OLDEST_GNU 11)
set(OLDEST_Clang 14)
set(COMPILER "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} (${CMAKE_CXX_COMPILER})")

if(NOT DEFINED OLDEST_${CMAKE_CXX_COMPILER_ID})
  message(WARNING "echocell is tested with GCC 11 and Clang 14 and newer ones, not with ${COMPILER}.")
elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS OLDEST_${CMAKE_CXX_COMPILER_ID})
  message(FATAL_ERROR "echocell needs GCC 11, Clang 14 or a newer one; this is ${COMPILER}.")
endif()
