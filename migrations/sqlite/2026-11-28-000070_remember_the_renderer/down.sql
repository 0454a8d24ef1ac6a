DROP TABLE renderer_state;
