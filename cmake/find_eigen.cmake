# Defines the target Eigen3::Eigen: Eigen 3.4 or newer, headers alone, from the system or else from the
# PyPI package cmeel-eigen, a build requirement in pyproject.toml. Nothing is downloaded here.
find_package(Eigen3 3.4 CONFIG QUIET)

if(NOT Eigen3_FOUND AND Python_EXECUTABLE)
  # The package lies in <site-packages>/cmeel.prefix. In an isolated build the site-packages of the
  # requirements are on the interpreter's path, and not the ones that sysconfig names.
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c
      "import sys, sysconfig
places = [*sys.path, sysconfig.get_path('purelib'), sysconfig.get_path('platlib')]
print(*(place + '/cmeel.prefix' for place in places if place), sep=';')"
    OUTPUT_VARIABLE CMEEL_PREFIXES OUTPUT_STRIP_TRAILING_WHITESPACE)
  find_package(Eigen3 3.4 CONFIG QUIET PATHS ${CMEEL_PREFIXES} NO_DEFAULT_PATH)
endif()

if(NOT Eigen3_FOUND)
  message(FATAL_ERROR
    "Eigen 3.4 or newer is missing. Install the system's package (Debian: libeigen3-dev) or, for the "
    "Python in use (${Python_EXECUTABLE}), `pip install cmeel-eigen`; or set Eigen3_DIR to the folder of "
    "Eigen3Config.cmake.")
endif()
message(STATUS "Eigen ${Eigen3_VERSION}: ${Eigen3_DIR}")
