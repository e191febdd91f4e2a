(* SPDX-License-Identifier: Apache-2.0 *)
(* client: OCaml cohttp *)
(* kind: library *)
(* debian: libcohttp-lwt-unix-ocaml-dev liblwt-ssl-ocaml-dev *)
(* build: -package cohttp-lwt-unix *)
(* pattern: ^ocaml-cohttp/ *)
open Lwt.Infix

let idle () = Lwt_unix.sleep 3600.

let rec read_half size stream =
  if size <= 0 then idle ()
  else
    Lwt_stream.next stream >>= fun part ->
    read_half (size - String.length part) stream

let rec fetch url times size =
  if times = 0 then idle ()
  else
    Cohttp_lwt_unix.Client.get url >>= fun (_, body) ->
    if size > 0 then read_half size (Cohttp_lwt.Body.to_stream body)
    else Cohttp_lwt.Body.to_string body >>= fun _ -> fetch url (times - 1) size

let () =
  Lwt_main.run
    (fetch (Uri.of_string Sys.argv.(1)) (int_of_string Sys.argv.(2)) (int_of_string Sys.argv.(3)))
