"""Every row of docs/security.md is proven by the tests named here, and by more than their names: they are there."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROOFS: dict[str, tuple[str, ...]] = {
    "Somebody sends a link that carries a profile": (
        "browser/test_arriving.py::test_a_copied_link_links_nobody_and_disturbs_nobody",
        "web/test_referrals.py::test_a_copied_link_does_nothing_in_a_second_browser",
        "web/test_referrals.py::test_a_pass_that_is_too_old_is_refused",
        "web/test_referrals.py::test_a_link_opened_from_a_mail_never_fuses_two_people",
    ),
    "A link draws the history of a visitor into another profile": (
        "core/test_properties.py::test_two_identified_profiles_are_never_merged_by_a_link",
        "web/test_referrals.py::test_an_undone_merge_gives_both_people_back",
        "faults/test_machine.py::test_no_story_breaks_a_promise",
    ),
    "Somebody claims the address of somebody else": (
        "web/test_identity.py::test_without_the_right_signature_the_victim_is_unchanged_byte_for_byte",
        "web/test_identity.py::test_an_address_that_is_claimed_never_names_a_profile",
    ),
    "Ids are guessed or made up": (
        "core/test_properties.py::test_every_alias_names_a_live_profile_that_names_itself",
        "web/test_guessed_ids.py::test_a_guessed_session_id_of_another_source_leads_to_nobody",
        "web/test_guessed_names.py::test_a_page_that_names_a_customer_is_given_neither_the_profile_nor_a_pass",
        "core/test_explaining.py::test_only_a_trusted_sender_is_told_more_than_a_real_request_tells",
        "core/test_resolution.py::test_a_trusted_source_names_further_ids_and_the_first_owner_of_an_id_wins",
    ),
    "Another site posts with the id of your source": (
        "web/test_cors.py::test_a_page_of_any_other_origin_may_not",
        "web/test_cors.py::test_origins_are_compared_as_browsers_spell_them",
    ),
    "A value of the configuration becomes script": (
        "script/test_render.py::test_no_value_breaks_out_of_the_blob",
        "script/test_render.py::test_no_value_breaks_out_of_a_snippet",
        "browser/test_strict_pages.py::test_hostile_values_in_the_options_are_values_and_nothing_else",
    ),
    "A cache or a forged Host header changes the script": (
        "web/test_script.py::test_nothing_about_the_request_changes_a_byte",
        "web/test_console_rules.py::test_outside_of_the_console_no_cookie_is_read_or_set",
    ),
    "Options reach the prototype of objects": (
        "browser/test_strict_pages.py::test_options_cannot_reach_the_prototype_of_objects",
        "ingest/test_decode_fuzz.py::test_any_json",
    ),
    "Ids leave by the address bar, the referrer or the log": (
        "browser/test_arriving.py::test_the_parameters_are_gone_before_another_script_reads_the_address",
        "browser/test_arriving.py::test_neither_the_database_nor_a_log_holds_a_link_parameter",
        "core/test_scrub.py::test_a_private_parameter_is_taken_out_and_the_rest_stays",
        "web/test_canary.py::test_an_address_in_a_url_or_a_referrer_is_not_stored_in_the_first_place",
    ),
    "The console is attacked: forged forms, guessed passwords, stolen logins": (
        "web/test_console_rules.py::test_every_unsafe_address_needs_the_token_of_this_browser",
        "web/test_console_rules.py::test_without_a_login_every_page_leads_to_the_door",
        "web/test_console_rules.py::test_every_answer_of_the_console_carries_its_headers",
        "web/test_login.py::test_after_too_many_tries_not_even_the_right_password_lets_in_for_a_while",
        "web/test_login.py::test_what_is_wrong_is_not_told",
        "web/test_login.py::test_logging_in_changes_the_token_of_the_forms_and_forgets_what_the_cookie_said",
        "web/test_login.py::test_the_cookie_is_for_this_host_over_tls_alone_and_for_no_script",
    ),
    "Stored text becomes script or a query in the console": (
        "browser/test_console.py::test_nothing_that_a_name_can_hold_runs_in_the_console",
        "web/test_console_rules.py::test_no_page_holds_a_script_or_style_of_its_own",
        "cli/test_people.py::test_a_filter_is_a_value_and_never_part_of_the_query",
        "web/test_overview.py::test_every_table_is_a_file_that_no_spreadsheet_runs",
        "cli/test_event_files.py::test_no_cell_of_a_table_is_a_formula_for_a_spreadsheet",
    ),
    "Somebody claims to come from elsewhere by `X-Forwarded-For`": (
        "core/test_client_address.py::test_the_client_is_who_the_outermost_trusted_proxy_saw",
        "core/test_client_address.py::test_whatever_a_client_writes_it_is_who_the_proxies_saw",
        "web/test_rate_limit.py::test_a_client_that_is_no_proxy_changes_nothing_by_claiming_to_be_one",
    ),
    "Requests are sent slowly or by halves": (
        "faults/test_crowd.py::test_two_hundred_half_sent_requests_keep_nobody_waiting",
    ),
    "JSON is deep, huge or ambiguous": (
        "ingest/test_decode_fuzz.py::test_any_bytes",
        "ingest/test_decode_fuzz.py::test_any_json",
        "ingest/test_decode_fuzz.py::test_the_fast_reader_takes_what_the_strict_reader_takes",
    ),
    "A value suits one database and not the other": (
        "web/test_corpus.py::test_each_gets_its_status_stores_what_it_may_and_leaves_both_databases_alike",
    ),
    "One sender floods everybody": (
        "web/test_rate_limit.py::test_another_network_and_another_source_are_not_bothered",
        "web/test_room.py::test_a_source_over_its_quota_is_told_to_come_again_and_the_others_go_on",
        "web/test_event_types.py::test_where_all_types_are_in_use_a_new_one_goes_to_quarantine_and_the_known_ones_are_stored",
        "web/test_event_types.py::test_types_that_somebody_invents_do_not_keep_out_the_ones_that_are_used",
        "web/test_room.py::test_a_full_disk_is_a_503_and_not_ready",
    ),
    "One user of the console takes every live page": (
        "ingest/test_feed.py::test_one_user_holds_a_few_places_and_a_new_page_takes_that_of_the_oldest",
        "ingest/test_feed.py::test_of_many_pages_that_come_at_once_as_many_stay_as_there_are_places",
        "ingest/test_feed.py::test_the_pages_of_a_user_end_with_the_user_the_role_and_the_password",
        "web/test_waiting.py::test_the_oldest_of_too_many_pages_of_one_user_is_told_why_it_has_stopped",
    ),
    "Private data is kept too long or too widely": (
        "web/test_canary.py::test_after_an_erasure_nothing_in_the_database_or_the_log_tells_of_a_person",
        "web/test_consent.py::test_a_visitor_agrees_comes_back_and_takes_it_back",
        "web/test_consent.py::test_the_headers_of_a_browser_that_objects_are_honoured",
        "browser/test_privacy.py::test_somebody_who_is_not_to_be_tracked_leaves_no_trace",
        "web/test_kept_headers.py::test_the_headers_of_the_list_are_kept_with_a_visit_and_no_other_is",
        "cli/test_people.py::test_an_export_holds_all_there_is_of_one_person_and_nothing_of_others",
    ),
    "Text forges lines of the log, or secrets stand in it": (
        "web/test_log.py::test_whatever_is_logged_is_one_line_of_json",
        "web/test_log.py::test_neither_bodies_nor_query_strings_nor_secrets_are_logged",
        "web/test_log.py::test_a_forged_address_does_not_forge_a_line",
        "web/test_server_log.py::test_of_a_request_that_could_not_be_read_nothing_is_told",
        "store/test_wording.py::test_a_key_that_is_there_already_is_not_named",
        "store/test_wording.py::test_neither_a_value_nor_a_row_is_quoted_and_the_kind_of_error_is_said",
    ),
    "A request is multiplied: tags times events": (
        "web/test_stored_size.py::test_what_is_stored_is_at_most_four_times_what_was_sent",
        "web/test_stored_size.py::test_tags_that_would_take_more_room_than_the_request_are_left_out_with_a_warning",
        "faults/test_attacks.py::test_a_bystander_hardly_notices",
    ),
    "One sender's traits make a statement too long for everybody": (
        "store/test_statement_sizes.py::test_a_batch_s_statements_are_no_longer_for_many_people_with_many_traits",
        "store/test_statement_sizes.py::test_who_replaces_hundreds_of_traits_costs_an_innocent_neighbour_nothing",
        "ingest/test_database_errors.py::test_a_batch_whose_statement_fails_is_halved_until_the_culprit_is_alone",
    ),
    "Requests that are refused cost more than those that are taken": (
        "web/test_refused_work.py::test_a_refused_body_costs_little_whatever_is_in_it",
        "web/test_rate_limit.py::test_every_refusal_counts",
        "web/test_heavy_bodies.py::test_hundreds_of_small_objects_are_counted_before_they_are_read",
        "web/test_heavy_bodies.py::test_a_heavy_body_waits_for_its_turn_and_a_click_does_not",
        "web/test_whole_bodies.py::test_a_form_of_who_has_not_logged_in_is_small",
        "faults/test_attacks.py::test_a_bystander_hardly_notices",
    ),
    "A guessed session id or a dry run tells of somebody else": (
        "web/test_guessed_ids.py::test_a_guessed_session_id_of_another_source_leads_to_nobody",
        "web/test_guessed_ids.py::test_a_guessed_event_and_session_of_another_source_lead_to_nobody",
        "core/test_explaining.py::test_only_a_trusted_sender_is_told_more_than_a_real_request_tells",
        "web/test_dry_run.py::test_it_answers_as_the_real_one_where_there_is_no_room",
    ),
    "A user id that only looks like another lands on that person": (
        "web/test_signatures.py::test_user_ids_that_only_look_alike_are_different_people",
        "core/test_identity_keys.py::test_two_user_ids_are_one_only_where_they_are_the_same",
    ),
    "Invented types of events use up the room of real ones": (
        "web/test_event_types.py::test_types_that_somebody_invents_do_not_keep_out_the_ones_that_are_used",
        "web/test_event_types.py::test_a_network_brings_so_many_new_types_a_day_and_no_more",
        "web/test_event_types.py::test_an_owner_forgets_types_and_they_are_noted_again_when_they_come",
    ),
    "One session id or one person is made to hold ever more": (
        "store/test_bounded_people.py::test_of_a_crowd_on_one_session_id_twenty_sessions_stand_for_it",
        "store/test_bounded_people.py::test_megabytes_of_traits_leave_a_bounded_profile_and_are_named",
        "core/test_person_limits.py::test_a_profile_takes_a_bounded_number_of_ids",
    ),
    "Connections are held with bodies and headers that never end": (
        "faults/test_held_connections.py::test_a_body_has_its_time_in_all_however_it_trickles",
        "faults/test_held_connections.py::test_headers_that_are_half_sent_have_their_time_too",
        "faults/test_held_connections.py::test_a_network_has_so_many_connections_and_gets_others_when_they_end",
        "faults/test_attacks.py::test_a_bystander_hardly_notices",
    ),
    "A text takes a parser minutes: pasted snippets, addresses": (
        "core/test_linear_time.py::test_four_times_the_text_takes_about_four_times_the_time",
        "core/test_linear_time.py::test_a_whole_snippet_of_nothing_but_quotes_is_read_at_once",
    ),
    "A header moves the collector below another path, or another name reaches it": (
        "cli/test_serving.py::test_no_header_sets_the_path_the_scheme_or_the_host",
        "web/test_hosts.py::test_it_answers_to_its_public_name_to_loopback_and_to_numbers",
        "web/test_hosts.py::test_any_other_name_gets_a_page_that_says_what_to_set",
        "web/test_hosts.py::test_an_unsafe_request_by_another_name_changes_nothing",
    ),
    "A stolen login tries out passwords; paths become labels; a refusal stays in caches": (
        "web/test_login.py::test_the_present_password_cannot_be_tried_out_on_the_account_page",
        "web/test_rate_limit.py::test_what_a_client_writes_for_a_path_makes_no_label",
        "web/test_answer_headers.py::test_no_cache_keeps_a_refusal",
        "cli/test_event_files.py::test_no_cell_of_a_table_is_a_formula_for_a_spreadsheet",
    ),
    "What stands beside a signed user id passes for verified": (
        "web/test_signatures.py::test_only_what_the_signature_covers_is_verified",
        "web/test_signatures.py::test_a_signature_for_one_thing_is_none_for_another",
    ),
    "Wrong passwords lock an owner out": (
        "web/test_login.py::test_wrong_passwords_from_elsewhere_do_not_lock_an_owner_out",
        "web/test_login.py::test_a_name_that_is_tried_from_everywhere_has_to_wait_but_for_a_device_of_its_user",
    ),
    "A signed link without a referrer is opened by a stranger": (
        "core/test_referral.py::test_a_source_may_require_a_referring_page_of_every_link",
        "web/test_referrals.py::test_a_source_that_requires_a_referrer_takes_no_link_without_one",
    ),
    "What surrounds the collector is tampered with: transport, packages, one leaked secret": (
        "web/test_answer_headers.py::test_browsers_are_told_to_use_tls_alone_where_the_host_is_the_collector_s",
        "web/test_answer_headers.py::test_a_window_that_opens_the_console_keeps_no_hand_on_it",
        "docs/test_lock.py::test_every_package_is_pinned_and_has_the_hash_of_a_wheel_and_of_others",
        "web/test_signatures.py::test_a_secret_is_changed_for_one_source_and_the_old_one_is_believed_until_it_is_retired",
    ),
}


@cache
def defined_in(file: str) -> frozenset[str]:
    """Return the names of the tests that a file defines; none where it is gone."""
    path = ROOT / "tests" / file
    if not path.exists():
        return frozenset()
    functions = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))
    return frozenset(function.name for function in functions)


def test_every_threat_of_the_page_has_its_proofs_and_no_other_has() -> None:
    page = (ROOT / "docs" / "security.md").read_text().split("## Threats and answers")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ")[0].strip() for line in page.splitlines() if line.startswith("|")][2:]
    assert rows == list(PROOFS)


@pytest.mark.parametrize("threat", PROOFS)
def test_what_proves_the_answer_is_there(threat: str) -> None:
    assert PROOFS[threat]
    gone = [proof for proof in PROOFS[threat] if proof.partition("::")[2] not in defined_in(proof.partition("::")[0])]
    assert not gone
