# Shared by ./hangscope and ./test: system packages and the build.
# Sourced with `here` set to the checkout's root.

# Debian packages by purpose, as "package:pattern of the file that shows it is there".
build_packages=(
    libsqlite3-dev:/usr/include/sqlite3.h
    'libunwind-dev:/usr/include/*/libunwind.h' # in the folder of its architecture
    liblzma-dev:/usr/include/lzma.h
)
test_packages=(
    python3:/usr/bin/python3
    sqlite3:/usr/bin/sqlite3
    python3-httpx:/usr/lib/python3/dist-packages/httpx/__init__.py
    python3-aiohttp:/usr/lib/python3/dist-packages/aiohttp/__init__.py
    python3-uvloop:/usr/lib/python3/dist-packages/uvloop/__init__.py
)

# Installs those packages of the named purposes that are missing; silent when none is.
set_up_packages() {
    local purpose entry missing=()
    for purpose in "$@"; do
        local -n packages="${purpose}_packages"
        for entry in "${packages[@]}"; do
            compgen -G "${entry#*:}" >/dev/null || missing+=("${entry%%:*}")
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

# The compiler's version is checked first, since an older one fails in ways that do not tell.
check_toolchain() {
    local version
    command -v swift >/dev/null || {
        echo "hangscope: no Swift toolchain on the PATH: install Swift 6.2 or later (swift.org/install)" >&2
        exit 69
    }
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -1)
    case "$version" in
    [0-5].* | 6.0 | 6.1)
        echo "hangscope: Swift $version is too old: install Swift 6.2 or later (swift.org/install)" >&2
        exit 69
        ;;
    esac
}

# Builds with the given arguments, unless nothing changed since the last time; says what fails.
#   build NAME ARGUMENT...    NAME tells the builds apart
build() {
    local name=$1 stamp="$here/.build/built-$1" log="$here/.build/build-$1.log" began
    shift
    if [ -e "$stamp" ] &&
        [ -z "$(find "$here/Package.swift" "$here/Sources" "$here/Tests" -newer "$stamp" -print -quit)" ]; then
        return 0
    fi
    check_toolchain
    mkdir -p "$here/.build"
    began=$(mktemp "$here/.build/began.XXXXXX")
    echo "hangscope: building (some minutes the first time; log: $log)" >&2
    if ! (cd "$here" && swift build "$@") >"$log" 2>&1; then
        grep -E 'error:' "$log" | sort -u | head -20 >&2
        tail -3 "$log" >&2
        rm -f "$began"
        exit 70
    fi
    if grep -E "^$here/(Sources|Tests)/[^:]*:[0-9:]* warning:" "$log" | sort -u >&2 && [ "${CI:-}" = true ]; then
        echo "hangscope: warnings are errors in CI" >&2
        rm -f "$began"
        exit 1
    fi
    mv "$began" "$stamp"
}
