# Shared by ./hangscope and ./test: system packages and the build.
# Sourced with `here` set to the checkout's root.

# Debian packages by purpose, as "package:file that shows it is there".
build_packages=(
    libsqlite3-dev:/usr/include/sqlite3.h
    libunwind-dev:/usr/include/libunwind.h
    liblzma-dev:/usr/include/lzma.h
)
test_packages=(
    python3:/usr/bin/python3
    sqlite3:/usr/bin/sqlite3
)

# Installs those packages of the named purposes that are missing; silent when none is.
set_up_packages() {
    local purpose entry missing=()
    for purpose in "$@"; do
        local -n packages="${purpose}_packages"
        for entry in "${packages[@]}"; do
            [ -e "${entry#*:}" ] || missing+=("${entry%%:*}")
        done
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "hangscope: needs the packages ${missing[*]}: install them as root (apt-get install ${missing[*]})" >&2
            exit 69
        }
        as_root=(sudo)
    fi
    echo "hangscope: installing ${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null
}

# Builds everything in one form (one configuration, tests included), so that the two
# launchers share one build; asks the compiler only when a source is newer than the stamp.
build_release() {
    local stamp="$here/.build/hangscope-built"
    if [ -x "$here/.build/release/hangscope" ] && [ -e "$stamp" ] &&
        [ -z "$(find "$here/Package.swift" "$here/Sources" "$here/Tests" -newer "$stamp" -print -quit)" ]; then
        return 0
    fi
    command -v swift >/dev/null || {
        echo "hangscope: no Swift toolchain on the PATH: install Swift 6.2 or later (swift.org/install)" >&2
        exit 69
    }
    local log="$here/.build/hangscope-build.log" began
    mkdir -p "$here/.build"
    began=$(mktemp "$here/.build/began.XXXXXX")
    echo "hangscope: building (minutes the first time; log: $log)" >&2
    if ! (cd "$here" && swift build --configuration release --build-tests) >"$log" 2>&1; then
        grep -E 'error:' "$log" | head -20 >&2
        tail -5 "$log" >&2
        rm -f "$began"
        exit 70
    fi
    if grep -E "^$here/(Sources|Tests)/.*warning:" "$log" >&2 && [ "${CI:-}" = true ]; then
        echo "hangscope: warnings are errors in CI" >&2
        rm -f "$began"
        exit 1
    fi
    mv "$began" "$stamp"
}
