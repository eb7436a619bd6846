# Sourced by the others: packages of Debian, where we may install them.

# $1: a Debian package. Where it cannot be installed, the file $work/apt.log says why.
install_package() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then return 1; fi
  apt-get install -y -qq "$1" >"$work/apt.log" 2>&1 ||
    { apt-get update -qq && apt-get install -y -qq "$1"; } >"$work/apt.log" 2>&1
}

# Ends the script, without an error.
leave_out() {
  echo "Left out: $*"
  exit 0
}
