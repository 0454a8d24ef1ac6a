// @generated automatically by Diesel CLI.

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        user_id -> BigInt,
        name -> Text,
        token_hash -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    demo_marks (id) {
        id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        created_at -> BigInt,
        action -> Text,
        user_id -> Nullable<BigInt>,
        username -> Nullable<Text>,
        address -> Nullable<Text>,
        subject -> Nullable<Text>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    document_versions (document_id, number) {
        document_id -> BigInt,
        number -> BigInt,
        revision -> BigInt,
        bytes -> BigInt,
        saved_at -> BigInt,
        saved_by -> BigInt,
        kept_at -> BigInt,
        text -> Text,
    }
}

diesel::table! {
    documents (id) {
        id -> BigInt,
        room_id -> BigInt,
        title -> Text,
        title_words -> Text,
        created_at -> BigInt,
        created_by -> BigInt,
        updated_at -> BigInt,
        updated_by -> BigInt,
        revision -> BigInt,
        bytes -> BigInt,
        archived_at -> Nullable<BigInt>,
        state -> Binary,
        state_vector -> Binary,
        text -> Text,
        words -> Text,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    ended_credentials (credential) {
        credential -> Text,
        user_id -> BigInt,
        ended_at -> BigInt,
    }
}

diesel::table! {
    events (room_id, seq) {
        room_id -> BigInt,
        seq -> BigInt,
        kind -> Text,
        actor_id -> BigInt,
        message_id -> Nullable<BigInt>,
        member_id -> Nullable<BigInt>,
        data -> Nullable<Text>,
        created_at -> BigInt,
        document_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    file_removals (hash) {
        hash -> Text,
    }
}

diesel::table! {
    files (id) {
        id -> BigInt,
        room_id -> BigInt,
        uploader_id -> BigInt,
        message_id -> Nullable<BigInt>,
        place -> BigInt,
        name -> Text,
        content_type -> Text,
        bytes -> BigInt,
        width -> Nullable<BigInt>,
        height -> Nullable<BigInt>,
        thumbnail_type -> Nullable<Text>,
        hash -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    health_checks (process) {
        process -> Text,
        checked_at -> BigInt,
    }
}

diesel::table! {
    invites (id) {
        id -> BigInt,
        created_by -> BigInt,
        code_hash -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        kind -> Text,
        unique_key -> Text,
        payload -> Text,
        run_at -> BigInt,
        attempts -> BigInt,
        leased_by -> Nullable<Text>,
        last_error -> Nullable<Text>,
        dead_at -> Nullable<BigInt>,
        created_at -> BigInt,
        host -> Text,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        holder -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    memberships (room_id, user_id) {
        room_id -> BigInt,
        user_id -> BigInt,
        read_number -> BigInt,
        joined_seq -> BigInt,
        joined_at -> BigInt,
        uncounted -> BigInt,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        room_id -> BigInt,
        seq -> BigInt,
        number -> BigInt,
        author_id -> BigInt,
        body -> Text,
        html -> Text,
        client_id -> Nullable<Text>,
        created_at -> BigInt,
        edited_at -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
        changed_seq -> Nullable<BigInt>,
        reply_to_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    reactions (message_id, emoji, user_id) {
        message_id -> BigInt,
        emoji -> Text,
        user_id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    rooms (id) {
        id -> BigInt,
        kind -> Text,
        name -> Text,
        topic -> Text,
        created_by -> BigInt,
        created_at -> BigInt,
        last_seq -> BigInt,
        message_count -> BigInt,
        retention_days -> Nullable<BigInt>,
        log_floor -> BigInt,
        next_retention_days -> Nullable<BigInt>,
        retention_changes_at -> Nullable<BigInt>,
        archived_at -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
        is_default -> Bool,
        is_unmanaged -> Bool,
    }
}

diesel::table! {
    session_tokens (token_hash) {
        token_hash -> Text,
        session_id -> BigInt,
        expires_at -> BigInt,
        replaced_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        user_id -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        name -> Text,
        folded_name -> Text,
        name_words -> Text,
        password_hash -> Text,
        role -> Text,
        created_at -> BigInt,
        deactivated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> BigInt,
        webhook_id -> BigInt,
        room_id -> BigInt,
        seq -> BigInt,
        event_type -> Text,
        status -> Text,
        attempts -> BigInt,
        answer_status -> Nullable<BigInt>,
        answer_body -> Nullable<Text>,
        error -> Nullable<Text>,
        created_at -> BigInt,
        attempted_at -> Nullable<BigInt>,
        delivered_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhook_event_types (event_type, webhook_id) {
        event_type -> Text,
        webhook_id -> BigInt,
    }
}

diesel::table! {
    webhooks (id) {
        id -> BigInt,
        created_by -> BigInt,
        room_id -> Nullable<BigInt>,
        url -> Text,
        secret -> Text,
        created_at -> BigInt,
    }
}

diesel::joinable!(api_tokens -> users (user_id));
diesel::joinable!(document_versions -> documents (document_id));
diesel::joinable!(document_versions -> users (saved_by));
diesel::joinable!(documents -> rooms (room_id));
diesel::joinable!(events -> documents (document_id));
diesel::joinable!(events -> messages (message_id));
diesel::joinable!(events -> rooms (room_id));
diesel::joinable!(files -> messages (message_id));
diesel::joinable!(files -> rooms (room_id));
diesel::joinable!(files -> users (uploader_id));
diesel::joinable!(invites -> users (created_by));
diesel::joinable!(memberships -> rooms (room_id));
diesel::joinable!(memberships -> users (user_id));
diesel::joinable!(messages -> rooms (room_id));
diesel::joinable!(messages -> users (author_id));
diesel::joinable!(reactions -> messages (message_id));
diesel::joinable!(reactions -> users (user_id));
diesel::joinable!(rooms -> users (created_by));
diesel::joinable!(session_tokens -> sessions (session_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(webhook_deliveries -> webhooks (webhook_id));
diesel::joinable!(webhook_event_types -> webhooks (webhook_id));
diesel::joinable!(webhooks -> rooms (room_id));
diesel::joinable!(webhooks -> users (created_by));

diesel::allow_tables_to_appear_in_same_query!(
    api_tokens,
    audit,
    demo_marks,
    document_versions,
    documents,
    ended_credentials,
    events,
    file_removals,
    files,
    health_checks,
    invites,
    jobs,
    leases,
    memberships,
    messages,
    reactions,
    rooms,
    session_tokens,
    sessions,
    users,
    webhook_deliveries,
    webhook_event_types,
    webhooks,
);
