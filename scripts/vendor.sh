#!/usr/bin/env bash
# Writes pos/static/vendor/ and pos/static/pos/icons.svg anew from the pinned npm packages below.
# Needs npm, tar and python3. The files are committed, so running and deploying need none of them.
set -euo pipefail
cd "$(dirname "$0")/.."

vendor=pos/static/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unpack() { # package@version -> $work/<last part of the name>, and one line of the manifest
    local package=$1 name=$2 licence=$3 archive
    archive=$(cd "$work" && npm pack --silent "$package")
    mkdir -p "$work/$name"
    tar -xzf "$work/$archive" -C "$work/$name" --strip-components=1
    printf '| `%s/` | %s | %s | %s |\n' "$name" "${package%@*}" "${package##*@}" "$licence" >>"$work/manifest"
}

copy() { # name, file in the package, file here. A source map that is not shipped breaks hashed static files.
    mkdir -p "$vendor/$1"
    sed -E 's@//# sourceMappingURL=[^[:space:]]+@@; s@/\*# sourceMappingURL=[^*]+\*/@@' \
        "$work/$1/$2" >"$vendor/$1/$3"
}

unpack @picocss/pico@2.1.1 pico MIT
unpack htmx.org@2.0.11 htmx 0BSD
unpack preact@10.29.8 preact MIT
unpack @preact/signals-core@1.14.5 signals-core MIT
unpack @preact/signals@2.11.4 signals MIT
unpack htm@3.1.1 htm Apache-2.0
unpack lucide-static@0.577.0 lucide ISC

rm -rf "$vendor"
copy pico css/pico.min.css pico.min.css
copy htmx dist/htmx.min.js htmx.min.js
copy preact dist/preact.module.js preact.js
copy preact hooks/dist/hooks.module.js hooks.js
copy signals-core dist/signals-core.module.js signals-core.js
copy signals dist/signals.module.js signals.js
copy htm dist/htm.module.js htm.js
for name in pico htmx preact signals-core signals htm lucide; do
    mkdir -p "$vendor/$name"
    cp "$work/$name"/LICENSE* "$vendor/$name/LICENSE"
done
python3 scripts/build_sprite.py "$work/lucide/icons" pos/static/pos/icons.svg

cat >"$vendor/README.md" <<'END'
# Vendored files

Made by `scripts/vendor.sh`; change versions there, never a file here. Only the source map comments are removed.

| folder | npm package | version | licence |
|---|---|---|---|
END
cat "$work/manifest" >>"$vendor/README.md"
cat >>"$vendor/README.md" <<'END'

The modules import each other by bare names, which `components/importmap.html` resolves. `lucide/` holds
the licence of the icons in `pos/icons.svg`.
END
