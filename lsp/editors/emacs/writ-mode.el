;;; writ-mode.el --- Policies in Writ  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages

;;; Commentary:

;; Colours and comments for .writ files, and `writ lsp' for eglot and lsp-mode.
;; In init.el: (require 'writ-mode) and (add-hook 'writ-mode-hook #'eglot-ensure).

;;; Code:

(defvar eglot-server-programs)
(defvar lsp-language-id-configuration)
(declare-function lsp-register-client "ext:lsp-mode")
(declare-function make-lsp-client "ext:lsp-mode")
(declare-function lsp-stdio-connection "ext:lsp-mode")
(declare-function lsp-activate-on "ext:lsp-mode")

(defvar writ-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 12" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?_ "w" table)
    (modify-syntax-entry ?\" "\"" table)
    table))

(defvar writ-mode-keywords
  `((,(regexp-opt '("use" "pub" "entity" "enum" "relation" "let" "deny" "escalate" "permit" "blueprint" "intent"
                    "overlay" "test" "if" "not" "in" "is")
                  'words)
     . font-lock-keyword-face)
    ("^\\s-*\\(cover\\|owner\\|criticality\\|apply\\|given\\|cases\\|change\\|expect\\|fixture\\|authority\\)\\_>\\s-*[^(./]"
     1 font-lock-keyword-face)
    ("@[A-Za-z_]\\w*" . font-lock-preprocessor-face)
    (,(regexp-opt '("true" "false" "absent" "null" "unknown" "present") 'words) . font-lock-constant-face)
    (,(regexp-opt '("string" "int" "nat" "decimal" "bool" "time" "duration" "ip" "cidr" "version" "json") 'words)
     . font-lock-type-face)
    ("\\_<\\(?:deny\\|escalate\\|permit\\|blueprint\\|relation\\|let\\|intent\\|entity\\|enum\\|fixture\\)\\s-+\\(\\w+\\)"
     1 font-lock-function-name-face)))

;;;###autoload
(define-derived-mode writ-mode prog-mode "Writ"
  "Major mode for policies in Writ."
  (setq-local comment-start "// ")
  (setq-local comment-end "")
  (setq-local comment-start-skip "//+!?\\s-*")
  (setq-local indent-tabs-mode nil)
  (setq-local tab-width 4)
  (setq-local font-lock-defaults '(writ-mode-keywords)))

;; Without version control a project begins at the outermost writ.toml: that of the workspace, if there is one.
(defun writ-mode-project (folder)
  "The project that FOLDER is in, if a writ.toml stands there or above."
  (let ((folder (expand-file-name folder)) found)
    (while (setq folder (and folder (locate-dominating-file folder "writ.toml")))
      (setq found (expand-file-name folder))
      (let ((above (file-name-directory (directory-file-name found))))
        (setq folder (unless (equal above found) above))))
    (and found (cons 'transient found))))

(with-eval-after-load 'project
  (add-hook 'project-find-functions #'writ-mode-project 90))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.writ\\'" . writ-mode))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(writ-mode . ("writ" "lsp"))))

(with-eval-after-load 'lsp-mode
  (add-to-list 'lsp-language-id-configuration '(writ-mode . "writ"))
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '("writ" "lsp"))
                    :activation-fn (lsp-activate-on "writ")
                    :server-id 'writ)))

(provide 'writ-mode)

;;; writ-mode.el ends here
