;; SPDX-License-Identifier: Apache-2.0
;; client: Emacs url.el
;; kind: program
;; debian: emacs-nox
;; pattern: ^URL/Emacs
;; In a running Emacs, whose command loop goes on: package lists, eww, Org.
(require 'url)
(let ((url (nth 0 command-line-args-left))
      (times (string-to-number (nth 1 command-line-args-left)))
      (size (string-to-number (nth 2 command-line-args-left))))
  (when (> size 0)
    (princ "it takes the reply as fast as it comes\n")
    (kill-emacs 77))
  (setq command-line-args-left nil)
  (dotimes (_ times)
    (kill-buffer (url-retrieve-synchronously url t t)))
  (while t
    (accept-process-output nil 10)))
