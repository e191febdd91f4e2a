# SPDX-License-Identifier: Apache-2.0
# client: LibreOffice Writer
# kind: program
# debian: libreoffice-writer-nogui
# heavy: yes
# pattern: ^LibreOffice
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "it opens the same document once"; exit 77; }
soffice --headless --norestore "$base/note.rtf"
